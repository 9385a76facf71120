"""Paths of videos, posters and previews on the portal; they redirect to the bucket.

A private video's path contains a signed key, valid for an hour, so that a player that sends neither header nor cookie
can use it.
"""

from __future__ import annotations

from itsdangerous import BadSignature, URLSafeTimedSerializer

from services.portal.resources import resources
from services.videos.records import Video

SECONDS = 3600
"""Lifetime of a private video's path."""


def video_path(video: Video) -> str | None:
    """Return the path of the processed video; None until the video is processed."""
    return _path(video, "video.mp4") if video.processed_url else None


def poster_path(video: Video) -> str | None:
    """Return the path of the poster; None until there is one."""
    return _path(video, "poster.jpg") if video.poster_url else None


def preview_path(video: Video) -> str | None:
    """Return the path of the preview; None until there is one."""
    return _path(video, "preview.mp4") if video.preview_url else None


def is_key_of(video: Video, key: str) -> bool:
    """Return whether a key was signed for the video within the last hour."""
    try:
        return bool(_serializer().loads(key, max_age=SECONDS) == str(video.id))
    except BadSignature:
        return False


def _path(video: Video, name: str) -> str:
    path = f"/media/{video.id}/{name}"
    return path if video.is_open else f"{path}?key={_serializer().dumps(str(video.id))}"


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(resources().keys.accepted(), salt="media")
