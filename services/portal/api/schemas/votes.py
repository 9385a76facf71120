"""What the API answers about votes: rankings, standings, when votes are taken and whether they were counted right."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict  # pydantic reads the one of typing from Python 3.12 on

from services.contest.rankings import PlayerRank, Ranked
from services.contest.vote_counts import AuditResult
from services.contest.voting_period import Voting
from services.portal.api.schemas.videos import moment
from services.portal.http.media_links import poster_path, preview_path, video_path


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


def own_standing(standing: PlayerRank) -> OwnStanding:
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


def verification(found: AuditResult) -> Verification:
    """What counting all votes again found."""
    return {
        "exact": found.exact,
        "since": moment(found.since) if found.since else None,
        "complete": found.complete,
        "videos": found.videos,
        "votes": found.votes,
        "tally": found.shown_votes,
        "differing": found.differing,
    }
