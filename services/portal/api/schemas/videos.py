"""JSON responses about videos and uploads, and the responses that all routes share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal, NotRequired

from typing_extensions import TypedDict  # pydantic supports typing.TypedDict only from Python 3.12

from services.portal.http.media_links import poster_path, preview_path, video_path
from services.portal.uploads.direct_uploads import UploadProgress
from services.videos.records import Video


class MessageResponse(TypedDict):
    """The request succeeded."""

    message: str


class Problem(TypedDict):
    """The request failed."""

    message: Literal[""]
    error: str


class Accepted(TypedDict):
    """A video was received and waits to be processed."""

    message: str
    task_id: str


class Deleted(TypedDict):
    """A video was deleted."""

    message: str
    video_id: str


class UnfinishedUpload(TypedDict):
    """An unfinished upload; all parts but the last have ``part_size`` bytes."""

    video_id: str
    title: str
    filename: str
    size: int
    is_public: bool
    fingerprint: str
    part_size: int
    sent: int
    missing: list[int]
    created_at: str
    expires_at: str


class PartLink(TypedDict):
    """Presigned URL for one part (HTTP PUT) and its exact size in bytes."""

    number: int
    size: int
    url: str


class PartLinks(TypedDict):
    """Presigned URLs for parts and their lifetime in seconds."""

    parts: list[PartLink]
    expires_in: int


class OwnVideo(TypedDict):
    """A video as its owner sees it."""

    video_id: str
    user_id: int
    title: str
    original_filename: str
    original_url: str
    processed_url: NotRequired[str]
    poster_url: NotRequired[str]
    preview_url: NotRequired[str]
    status: Literal["uploaded", "processing", "processed", "failed"]
    progress: int
    failure_reason: NotRequired[str]
    uploaded_at: str
    processed_at: NotRequired[str]
    votes: int
    is_public: bool
    hidden: bool


class PublicVideo(TypedDict):
    """A video as everyone sees it."""

    id: str
    video_id: str
    user_id: int
    title: str
    original_filename: str
    processed_url: NotRequired[str]
    poster_url: NotRequired[str]
    preview_url: NotRequired[str]
    status: Literal["processed"]
    uploaded_at: str
    processed_at: NotRequired[str]
    votes: int
    is_public: bool
    user_first_name: str
    user_last_name: str
    user_city: str


def moment(time: datetime) -> str:
    """Format a time as RFC 3339 in UTC."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def unfinished_upload(progress: UploadProgress) -> UnfinishedUpload:
    """Return an unfinished upload as its owner sees it."""
    upload = progress.upload
    return {
        "video_id": str(upload.id),
        "title": upload.title,
        "filename": upload.filename,
        "size": upload.size,
        "is_public": upload.is_public,
        "fingerprint": upload.fingerprint,
        "part_size": upload.part_size,
        "sent": progress.sent,
        "missing": list(progress.missing),
        "created_at": moment(upload.created_at),
        "expires_at": moment(upload.expires_at),
    }


def own_video(video: Video) -> OwnVideo:
    """Return a video as its owner sees it."""
    body: OwnVideo = {
        "video_id": str(video.id),
        "user_id": video.user_id,
        "title": video.title,
        "original_filename": video.original_filename,
        "original_url": video.original_url,
        "status": video.status,  # type: ignore[typeddict-item]
        "progress": video.progress,
        "uploaded_at": moment(video.uploaded_at),
        "votes": video.votes,
        "is_public": video.is_public,
        "hidden": video.hidden_at is not None,
    }
    if path := video_path(video):
        body["processed_url"] = path
    if path := poster_path(video):
        body["poster_url"] = path
    if path := preview_path(video):
        body["preview_url"] = path
    if video.failure_reason:
        body["failure_reason"] = video.failure_reason
    if video.processed_at:
        body["processed_at"] = moment(video.processed_at)
    return body


def public_video(video: Video) -> PublicVideo:
    """Return a video as everyone sees it, without the key of the original."""
    body: PublicVideo = {
        "id": str(video.id),
        "video_id": str(video.id),
        "user_id": video.user_id,
        "title": video.title,
        "original_filename": video.original_filename,
        "status": "processed",
        "uploaded_at": moment(video.uploaded_at),
        "votes": video.votes,
        "is_public": video.is_public,
        "user_first_name": video.first_name,
        "user_last_name": video.last_name,
        "user_city": video.city,
    }
    if path := video_path(video):
        body["processed_url"] = path
    if path := poster_path(video):
        body["poster_url"] = path
    if path := preview_path(video):
        body["preview_url"] = path
    if video.processed_at:
        body["processed_at"] = moment(video.processed_at)
    return body
