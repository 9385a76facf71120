"""/api/public: videos open for voting, votes and the ranking; and the caller's votes."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from services.core.videos import public_videos, ranking
from services.core.votes import VoteResult, cast_vote, voted_videos
from services.portal.api.operation import Operation, operation
from services.portal.api.parameters import city, page_and_limit, parse_uuid
from services.portal.api.shapes import Message, PublicVideo, RankedVideo, public_video, ranked_video
from services.portal.database import statements
from services.portal.errors import Missing, Refused
from services.portal.identity import Caller

blueprint = Blueprint("public", __name__, url_prefix="/api")

INVALID_ID = "Invalid video ID format"
OWN_VIDEO = "You cannot vote for your own video"
ALREADY_VOTED = "You have already voted for this video"
NOT_AVAILABLE = "Video not found or not available for voting"
_CITY = {"type": "string", "description": "part of a city's name, in any case"}


@blueprint.get("/public/videos")
@operation(Operation(answers={200: list[PublicVideo]}))
def list_public() -> ResponseReturnValue:
    """The videos open for voting, those with the most votes first."""
    with statements() as connection:
        videos = public_videos(connection)
    return jsonify([public_video(video) for video in videos])


@blueprint.post("/public/videos/<video_id>/vote")
@operation(
    Operation(
        answers={200: Message},
        refuses={400: (INVALID_ID, OWN_VIDEO, ALREADY_VOTED), 404: (NOT_AVAILABLE,)},
        signed_in=True,
    )
)
def vote(caller: Caller, video_id: str) -> ResponseReturnValue:
    """Vote for a video, once."""
    known = parse_uuid(video_id)
    if known is None:
        raise Refused(INVALID_ID)
    with statements() as connection:
        result = cast_vote(connection, known, caller.user_id)
    match result:
        case VoteResult.COUNTED:
            return jsonify(message="Vote registered successfully")
        case VoteResult.OWN_VIDEO:
            raise Refused(OWN_VIDEO)
        case VoteResult.ALREADY_VOTED:
            raise Refused(ALREADY_VOTED)
        case VoteResult.NOT_AVAILABLE:
            raise Missing(NOT_AVAILABLE)


@blueprint.get("/user/votes")
@operation(Operation(answers={200: list[str]}, signed_in=True))
def list_votes(caller: Caller) -> ResponseReturnValue:
    """The ids of the videos the caller voted for."""
    with statements() as connection:
        return jsonify([str(video_id) for video_id in voted_videos(connection, caller.user_id)])


@blueprint.get("/public/rankings")
@operation(
    Operation(
        answers={200: list[RankedVideo]},
        refuses={400: ("Invalid page parameter", "Invalid limit parameter", "Invalid city parameter")},
        query={
            "page": {"type": "integer", "default": 1, "description": "from 1; less is taken as 1"},
            "limit": {"type": "integer", "default": 50, "description": "1 to 100; others are taken as 50"},
            "city": _CITY,
        },
    )
)
def show_ranking() -> ResponseReturnValue:
    """A page of the ranking: the videos that have votes, those with the most first."""
    page, limit = page_and_limit()
    with statements() as connection:
        found = ranking(connection, city=city(), page=page, limit=limit)
    return jsonify([ranked_video(ranked) for ranked in found])
