"""What the API answers, as types: the views return them and the OpenAPI document describes them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal, NotRequired

from typing_extensions import TypedDict  # pydantic reads the one of typing from Python 3.12 on

from services.core.rankings import Ranked, Standing
from services.core.tally import Verdict
from services.core.videos import Video
from services.core.voting_period import Voting
from services.portal.direct_uploads import Progress
from services.portal.links import poster_path, preview_path, video_path


class Message(TypedDict):
    """A request was granted."""

    message: str


class Problem(TypedDict):
    """A request was not granted."""

    message: Literal[""]
    error: str


class Accepted(TypedDict):
    """A video was taken and waits to be processed."""

    message: str
    task_id: str


class Deleted(TypedDict):
    """A video was deleted."""

    message: str
    video_id: str


class UnfinishedUpload(TypedDict):
    """A video on its way to the bucket, in parts that are ``part_size`` long each but the last."""

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
    """Where one part is put (HTTP PUT), with exactly so many bytes."""

    number: int
    size: int
    url: str


class PartLinks(TypedDict):
    """Links for parts, and how many seconds they work."""

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
    """A video as everybody sees it."""

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


class RankedVideo(TypedDict):
    """A video's place in the ranking."""

    position: int
    video_id: str
    username: str
    title: str
    city: str
    votes: int
    change: int | None
    video_url: NotRequired[str]
    poster_url: NotRequired[str]
    preview_url: NotRequired[str]


class OwnStanding(TypedDict):
    """Where one of the caller's videos stands."""

    video_id: str
    title: str
    votes: int
    position: int
    city: str
    city_position: int


class VotingNow(TypedDict):
    """When votes are taken: while it is open; from `freezes_at` to `closes_at` the counts told stand still."""

    state: Literal["not yet open", "open", "open, counts frozen", "closed"]
    now: str
    opens_at: str | None
    freezes_at: str | None
    closes_at: str | None


class Verification(TypedDict):
    """What counting all votes again found, part by part, since a moment: `exact` if no video's tally differs."""

    exact: bool
    since: str | None
    complete: bool
    videos: int
    votes: int
    tally: int
    differing: int


class Health(TypedDict):
    """The portal answers, and wants requests or none any more."""

    status: Literal["healthy", "stopping"]
    timestamp: str
    version: str


class Check(TypedDict):
    """How a service that the portal needs answered, and after how many milliseconds."""

    ok: bool
    ms: int
    problem: str | None


class RunningRelease(TypedDict):
    """The release that runs."""

    hash: str
    version: str
    commit: str


class Schema(TypedDict):
    """The database's schema, and the version that the release needs at least."""

    version: int | None
    expected: int
    ok: bool


class DeepHealth(TypedDict):
    """The portal and what it needs."""

    status: Literal["healthy", "unhealthy"]
    timestamp: str
    stopping: bool
    release: RunningRelease
    schema: Schema
    checks: dict[str, Check]


def moment(time: datetime) -> str:
    """A moment as RFC 3339 in UTC."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def unfinished_upload(progress: Progress) -> UnfinishedUpload:
    """An upload as the one who sends it sees it."""
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
    """A video as its owner sees it."""
    shape: OwnVideo = {
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
        shape["processed_url"] = path
    if path := poster_path(video):
        shape["poster_url"] = path
    if path := preview_path(video):
        shape["preview_url"] = path
    if video.failure_reason:
        shape["failure_reason"] = video.failure_reason
    if video.processed_at:
        shape["processed_at"] = moment(video.processed_at)
    return shape


def public_video(video: Video) -> PublicVideo:
    """A video as everybody sees it: without the key of the original."""
    shape: PublicVideo = {
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
        shape["processed_url"] = path
    if path := poster_path(video):
        shape["poster_url"] = path
    if path := preview_path(video):
        shape["preview_url"] = path
    if video.processed_at:
        shape["processed_at"] = moment(video.processed_at)
    return shape


def ranked_video(ranked: Ranked) -> RankedVideo:
    """A video's place in the ranking."""
    video = ranked.video
    shape: RankedVideo = {
        "position": ranked.position,
        "video_id": str(video.id),
        "username": f"{video.first_name} {video.last_name}",
        "title": video.title,
        "city": video.city,
        "votes": video.votes,
        "change": ranked.change,
    }
    if path := video_path(video):
        shape["video_url"] = path
    if path := poster_path(video):
        shape["poster_url"] = path
    if path := preview_path(video):
        shape["preview_url"] = path
    return shape


def own_standing(standing: Standing) -> OwnStanding:
    """Where one of the caller's videos stands."""
    return {
        "video_id": str(standing.video_id),
        "title": standing.title,
        "votes": standing.votes,
        "position": standing.position,
        "city": standing.city,
        "city_position": standing.city_position,
    }


def voting(now: Voting) -> VotingNow:
    """When votes are taken, and whether they are now."""
    period = now.period
    return {
        "state": now.state.value,
        "now": moment(now.now),
        "opens_at": moment(period.opens_at) if period.opens_at else None,
        "freezes_at": moment(period.freezes_at) if period.freezes_at else None,
        "closes_at": moment(period.closes_at) if period.closes_at else None,
    }


def verification(found: Verdict) -> Verification:
    """What counting all votes again found."""
    return {
        "exact": found.exact,
        "since": moment(found.since) if found.since else None,
        "complete": found.whole,
        "videos": found.videos,
        "votes": found.votes,
        "tally": found.tally,
        "differing": found.differing,
    }
