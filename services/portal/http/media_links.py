"""Paths on the portal under which videos, posters and previews are played: they redirect to the bucket.

A private video's path carries a signed key that works for an hour, so that a player which sends
neither header nor cookie can follow it.
"""

from __future__ import annotations

from itsdangerous import BadSignature, URLSafeTimedSerializer

from services.portal.resources import resources
from services.videos.records import Video

SECONDS = 3600
"""How long a private video's path works."""


def video_path(video: Video) -> str | None:
    """Where the processed video is played; None until it is processed."""
    return _path(video, "video.mp4") if video.processed_url else None


def poster_path(video: Video) -> str | None:
    """Where the video's poster is seen; None until there is one."""
    return _path(video, "poster.jpg") if video.poster_url else None


def preview_path(video: Video) -> str | None:
    """Where the video's preview is played; None until there is one."""
    return _path(video, "preview.mp4") if video.preview_url else None


def is_key_of(video: Video, key: str) -> bool:
    """Whether a key was given out for the video within the last hour."""
    try:
        return bool(_keys().loads(key, max_age=SECONDS) == str(video.id))
    except BadSignature:
        return False


def _path(video: Video, name: str) -> str:
    path = f"/media/{video.id}/{name}"
    return path if video.is_open else f"{path}?key={_keys().dumps(str(video.id))}"


def _keys() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(resources().keys.accepted(), salt="media")
