"""JSON responses about votes: rankings, positions, the voting period and the audit of the counts."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict  # pydantic supports typing.TypedDict only from Python 3.12

from services.contest.rankings import PlayerRank, Ranked
from services.contest.vote_counts import AuditResult
from services.contest.voting_period import Voting
from services.portal.api.schemas.videos import moment
from services.portal.http.media_links import poster_path, preview_path, video_path


class RankedVideo(TypedDict):
    """A video's position in the ranking."""

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
    """Positions of one of the caller's videos."""

    video_id: str
    title: str
    votes: int
    position: int
    city: str
    city_position: int


class VotingNow(TypedDict):
    """The voting period; from `freezes_at` to `closes_at` the public counts do not change."""

    state: Literal["not yet open", "open", "open, counts frozen", "closed"]
    now: str
    opens_at: str | None
    freezes_at: str | None
    closes_at: str | None


class Verification(TypedDict):
    """Result of the latest audit, which recounts all votes: `exact` if no video's tally differs."""

    exact: bool
    since: str | None
    complete: bool
    videos: int
    votes: int
    tally: int
    differing: int


def ranked_video(ranked: Ranked) -> RankedVideo:
    """Return a video's position in the ranking."""
    video = ranked.video
    body: RankedVideo = {
        "position": ranked.position,
        "video_id": str(video.id),
        "username": f"{video.first_name} {video.last_name}",
        "title": video.title,
        "city": video.city,
        "votes": video.votes,
        "change": ranked.change,
    }
    if path := video_path(video):
        body["video_url"] = path
    if path := poster_path(video):
        body["poster_url"] = path
    if path := preview_path(video):
        body["preview_url"] = path
    return body


def own_standing(standing: PlayerRank) -> OwnStanding:
    """Return the positions of one of the caller's videos."""
    return {
        "video_id": str(standing.video_id),
        "title": standing.title,
        "votes": standing.votes,
        "position": standing.position,
        "city": standing.city,
        "city_position": standing.city_position,
    }


def voting(now: Voting) -> VotingNow:
    """Return the voting period and its current state."""
    period = now.period
    return {
        "state": now.state.value,
        "now": moment(now.now),
        "opens_at": moment(period.opens_at) if period.opens_at else None,
        "freezes_at": moment(period.freezes_at) if period.freezes_at else None,
        "closes_at": moment(period.closes_at) if period.closes_at else None,
    }


def verification(audit: AuditResult) -> Verification:
    """Return the result of the latest audit."""
    return {
        "exact": audit.exact,
        "since": moment(audit.since) if audit.since else None,
        "complete": audit.complete,
        "videos": audit.videos,
        "votes": audit.votes,
        "tally": audit.shown_votes,
        "differing": audit.differing,
    }
