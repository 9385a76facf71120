"""JSON responses of the moderation routes."""

from __future__ import annotations

from typing_extensions import TypedDict

from services.contest.moderation import ModerationLogEntry, VoteBurst
from services.portal.api.schemas.videos import moment


class Moved(TypedDict):
    """Number of votes that were set aside or given back."""

    votes: int


class VoteBulk(TypedDict):
    """Votes for one video from one network; `young` counts those of accounts less than an hour old at the time."""

    video_id: str
    title: str
    player: str
    network: str | None
    votes: int
    quarantined: int
    young: int
    first: str
    last: str


class LogEntry(TypedDict):
    """A moderator's action and its reason."""

    id: int
    happened_at: str
    moderator: str
    action: str
    video_id: str | None
    user_id: int | None
    network: str | None
    votes: int | None
    reason: str


def bulk(burst: VoteBurst) -> VoteBulk:
    """Return a burst of votes for one video from one network."""
    return {
        "video_id": str(burst.video_id),
        "title": burst.title,
        "player": burst.player,
        "network": burst.network,
        "votes": burst.votes,
        "quarantined": burst.quarantined,
        "young": burst.young,
        "first": moment(burst.first),
        "last": moment(burst.last),
    }


def log_entry(entry: ModerationLogEntry) -> LogEntry:
    """Return a moderator's action and its reason."""
    return {
        "id": entry.id,
        "happened_at": moment(entry.happened_at),
        "moderator": entry.moderator,
        "action": entry.action,
        "video_id": str(entry.video_id) if entry.video_id else None,
        "user_id": entry.user_id,
        "network": entry.network,
        "votes": entry.votes,
        "reason": entry.reason,
    }
