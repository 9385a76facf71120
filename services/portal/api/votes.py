"""Votes: cast, retracted and listed; the voting period; and the audit of the counts."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from services.contest.rankings import find_player_ranks
from services.contest.vote_counts import read_audit_result
from services.contest.votes import Retraction, VoteResult, voted_videos
from services.contest.voting_period import read_voting
from services.portal import votes_service
from services.portal.accounts.identity import Caller
from services.portal.api.operation import Operation, operation
from services.portal.api.parameters import parse_video_id
from services.portal.api.schemas.videos import MessageResponse
from services.portal.api.schemas.votes import OwnStanding, Verification, VotingNow, own_standing, verification, voting
from services.portal.database import statements
from services.portal.http.errors import BadRequest, NotFound
from services.portal.http.limits import TOO_MANY

blueprint = Blueprint("votes", __name__, url_prefix="/api")

INVALID_ID = "Invalid video ID format"
OWN_VIDEO = "You cannot vote for your own video"
ALREADY_VOTED = "You have already voted for this video"
NOT_VOTED = "You have not voted for this video"
NOT_AVAILABLE = "Video not found or not available for voting"
CLOSED = "Voting is closed"


@blueprint.post("/public/videos/<video_id>/vote")
@operation(
    Operation(
        answers={200: MessageResponse},
        refuses={400: (INVALID_ID, OWN_VIDEO, ALREADY_VOTED, CLOSED), 404: (NOT_AVAILABLE,), 429: (TOO_MANY,)},
        signed_in=True,
    )
)
def vote(caller: Caller, video_id: str) -> ResponseReturnValue:
    """Vote for a video, once."""
    match votes_service.cast_vote(caller, parse_video_id(video_id, BadRequest(INVALID_ID))):
        case VoteResult.COUNTED:
            return jsonify(message="Vote registered successfully")
        case VoteResult.OWN_VIDEO:
            raise BadRequest(OWN_VIDEO)
        case VoteResult.ALREADY_VOTED:
            raise BadRequest(ALREADY_VOTED)
        case VoteResult.CLOSED:
            raise BadRequest(CLOSED)
        case VoteResult.NOT_AVAILABLE:
            raise NotFound(NOT_AVAILABLE)


@blueprint.delete("/public/videos/<video_id>/vote")
@operation(
    Operation(
        answers={200: MessageResponse},
        refuses={400: (INVALID_ID, NOT_VOTED, CLOSED), 429: (TOO_MANY,)},
        signed_in=True,
    )
)
def retract(caller: Caller, video_id: str) -> ResponseReturnValue:
    """Take back a vote, while the voting is open."""
    match votes_service.retract_vote(caller, parse_video_id(video_id, BadRequest(INVALID_ID))):
        case Retraction.RETRACTED:
            return jsonify(message="Vote retracted")
        case Retraction.NOT_VOTED:
            raise BadRequest(NOT_VOTED)
        case Retraction.CLOSED:
            raise BadRequest(CLOSED)


@blueprint.get("/user/votes")
@operation(Operation(answers={200: list[str]}, signed_in=True))
def list_votes(caller: Caller) -> ResponseReturnValue:
    """List the ids of the videos that the caller voted for."""
    with statements() as connection:
        return jsonify([str(video_id) for video_id in voted_videos(connection, caller.user_id)])


@blueprint.get("/user/standings")
@operation(Operation(answers={200: list[OwnStanding]}, signed_in=True))
def list_standings(caller: Caller) -> ResponseReturnValue:
    """List the positions of the caller's videos in the country and in their city, the best first; at most 20."""
    with statements() as connection:
        return jsonify([own_standing(standing) for standing in find_player_ranks(connection, caller.user_id)])


@blueprint.get("/public/voting")
@operation(Operation(answers={200: VotingNow}))
def show_voting() -> ResponseReturnValue:
    """Show the voting period and whether the voting is open now."""
    with statements() as connection:
        return jsonify(voting(read_voting(connection)))


@blueprint.get("/public/verification")
@operation(Operation(answers={200: Verification}))
def show_verification() -> ResponseReturnValue:
    """Show whether every video's tally equals the number of its votes, by the latest audit."""
    with statements() as connection:
        return jsonify(verification(read_audit_result(connection)))
