"""Votes, for the API and the pages alike: the rate limit, the statement and the metric are in one place."""

from __future__ import annotations

from uuid import UUID

from flask import request

from services.contest import votes
from services.contest.votes import Retraction, VoteResult
from services.portal.accounts.identity import Caller
from services.portal.database import statements
from services.portal.http.client_network import network_of
from services.portal.metrics import count_vote
from services.portal.resources import resources


def cast_vote(caller: Caller, video_id: UUID) -> VoteResult:
    """Vote for a video.

    Raises:
        LimitReached: the account votes faster than people do.
    """
    resources().vote_limiter.check(caller.user_id)
    with statements() as connection:
        result = votes.cast_vote(connection, video_id, caller.user_id, network=network_of(request.remote_addr))
    count_vote(result.value)
    return result


def retract_vote(caller: Caller, video_id: UUID) -> Retraction:
    """Take back a vote for a video; this counts against the same limit as voting.

    Raises:
        LimitReached: the account votes faster than people do.
    """
    resources().vote_limiter.check(caller.user_id)
    with statements() as connection:
        return votes.retract_vote(connection, video_id, caller.user_id)
