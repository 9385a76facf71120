"""What moderators are answered, as the OpenAPI document describes it."""

from __future__ import annotations

from typing_extensions import TypedDict

from services.contest.moderation import ModerationLogEntry, VoteBurst
from services.portal.api.schemas.videos import moment


class Moved(TypedDict):
    """How many votes were set aside, or given back."""

    votes: int


class VoteBulk(TypedDict):
    """Votes for one video from one network; `young` of them by accounts less than an hour old then."""

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
    """What a moderator did, and why."""

    id: int
    happened_at: str
    moderator: str
    action: str
    video_id: str | None
    user_id: int | None
    network: str | None
    votes: int | None
    reason: str


def bulk(found: VoteBurst) -> VoteBulk:
    """Votes for one video from one network."""
    return {
        "video_id": str(found.video_id),
        "title": found.title,
        "player": found.player,
        "network": found.network,
        "votes": found.votes,
        "quarantined": found.quarantined,
        "young": found.young,
        "first": moment(found.first),
        "last": moment(found.last),
    }


def log_entry(entry: ModerationLogEntry) -> LogEntry:
    """What a moderator did, and why."""
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
