"""/api/moderation: moderators' actions; each can be undone, needs a reason and is logged."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from services.contest import moderation
from services.contest.voting_period import VotingPeriod, read_voting
from services.portal import moderation_service
from services.portal.accounts.identity import Caller
from services.portal.api.operation import Operation, operation
from services.portal.api.parameters import LARGEST_ID, parse_video_id, parse_whole_number
from services.portal.api.schemas.moderation import LogEntry, Moved, VoteBulk, bulk, log_entry
from services.portal.api.schemas.videos import MessageResponse
from services.portal.api.schemas.votes import VotingNow, voting
from services.portal.database import statements
from services.portal.http.errors import BadRequest, NotFound
from services.portal.request_models import NetworkVotes, NewVotingPeriod, Reason

blueprint = Blueprint("moderation", __name__, url_prefix="/api/moderation")

_BASE = Operation(
    answers={200: MessageResponse},
    refuses={403: (moderation_service.ONLY_MODERATORS,), 404: (moderation_service.NOTHING_TO_DO,)},
    body=Reason,
    signed_in=True,
    moderators_only=True,
)
_READ = replace(_BASE, body=None, refuses={403: (moderation_service.ONLY_MODERATORS,)})


@blueprint.get("/bulks")
@operation(
    replace(
        _READ,
        answers={200: list[VoteBulk]},
        refuses={**_READ.refuses, 400: ("Invalid least parameter", "Invalid days parameter")},
        query={
            "least": {"type": "integer", "default": 5, "description": "minimum number of votes, from 1"},
            "days": {"type": "integer", "default": 7, "description": "days to look back, 1 to 90"},
        },
    )
)
def list_bulks(caller: Caller) -> ResponseReturnValue:
    """List bursts of votes for one video from one network, those of the youngest accounts first."""
    least, days = (
        max(1, min(parse_whole_number("least", 5), LARGEST_ID)),
        max(1, min(parse_whole_number("days", 7), 90)),
    )
    with statements() as connection:
        return jsonify([bulk(found) for found in moderation.find_vote_bursts(connection, least=least, days=days)])


@blueprint.get("/log")
@operation(replace(_READ, answers={200: list[LogEntry]}))
def show_log(caller: Caller) -> ResponseReturnValue:
    """List the last hundred actions of moderators, the latest first."""
    with statements() as connection:
        return jsonify([log_entry(entry) for entry in moderation.read_log(connection)])


@blueprint.post("/videos/<video_id>/hide")
@operation(_BASE)
def hide(caller: Caller, form: Reason, video_id: str) -> ResponseReturnValue:
    """Hide a video from the lists and the voting."""
    moderation_service.hide(caller, _parse_id(video_id), form.reason)
    return jsonify(message="Video hidden")


@blueprint.post("/videos/<video_id>/show")
@operation(_BASE)
def show(caller: Caller, form: Reason, video_id: str) -> ResponseReturnValue:
    """Show a hidden video in the lists and the voting again."""
    moderation_service.show(caller, _parse_id(video_id), form.reason)
    return jsonify(message="Video shown")


@blueprint.post("/videos/<video_id>/votes/set-aside")
@operation(replace(_BASE, answers={200: Moved}, body=NetworkVotes))
def set_aside(caller: Caller, form: NetworkVotes, video_id: str) -> ResponseReturnValue:
    """Set the votes of a network for a video aside, so that they do not count."""
    return jsonify(votes=moderation_service.quarantine_votes(caller, _parse_id(video_id), form.network, form.reason))


@blueprint.post("/videos/<video_id>/votes/give-back")
@operation(replace(_BASE, answers={200: Moved}, body=NetworkVotes))
def give_back(caller: Caller, form: NetworkVotes, video_id: str) -> ResponseReturnValue:
    """Let votes that were set aside count again."""
    return jsonify(votes=moderation_service.restore_votes(caller, _parse_id(video_id), form.network, form.reason))


@blueprint.post("/users/<user_id>/close")
@operation(_BASE)
def close_account(caller: Caller, form: Reason, user_id: str) -> ResponseReturnValue:
    """Disable an account."""
    moderation_service.close_account(caller, _parse_user_id(user_id), form.reason)
    return jsonify(message="Account closed")


@blueprint.post("/users/<user_id>/open")
@operation(_BASE)
def open_account(caller: Caller, form: Reason, user_id: str) -> ResponseReturnValue:
    """Enable a disabled account."""
    moderation_service.open_account(caller, _parse_user_id(user_id), form.reason)
    return jsonify(message="Account opened")


@blueprint.put("/voting-period")
@operation(
    replace(
        _BASE,
        answers={200: VotingNow},
        refuses={
            400: ("The voting opens first, then freezes, then closes",),
            403: (moderation_service.ONLY_MODERATORS,),
        },
        body=NewVotingPeriod,
    )
)
def set_period(caller: Caller, form: NewVotingPeriod) -> ResponseReturnValue:
    """Set the voting period, and from when the public counts are frozen until its end."""
    try:
        period = VotingPeriod(opens_at=form.opens_at, freezes_at=form.freezes_at, closes_at=form.closes_at)
    except ValueError:
        raise BadRequest("The voting opens first, then freezes, then closes") from None
    moderation_service.set_period(caller, period, form.reason)
    with statements() as connection:
        return jsonify(voting(read_voting(connection)))


def _parse_id(video_id: str) -> UUID:
    return parse_video_id(video_id, NotFound(moderation_service.NOTHING_TO_DO))


def _parse_user_id(user_id: str) -> int:
    if not (user_id.isascii() and user_id.isdigit()) or len(user_id) > 10 or int(user_id) > LARGEST_ID:
        raise NotFound(moderation_service.NOTHING_TO_DO)
    return int(user_id)
