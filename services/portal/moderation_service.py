"""What moderators may do, for the API and the pages alike."""

from __future__ import annotations

from uuid import UUID

from services.contest import moderation
from services.contest.moderation import ModerationAction
from services.contest.voting_period import VotingPeriod, write_period
from services.portal.accounts.identity import Caller
from services.portal.database import statements, transaction
from services.portal.http.errors import BadRequest, Forbidden, NotFound
from services.portal.resources import resources
from services.shared.telemetry import get_logger

ONLY_MODERATORS = "Only moderators may do this"
NOTHING_TO_DO = "Nothing to do: it is so already, or not there"

log = get_logger(__name__)


def require_moderator(caller: Caller) -> None:
    """Let moderators pass.

    Raises:
        Forbidden: the person is none, or no longer.
    """
    with statements() as connection:
        if not moderation.is_moderator(connection, caller.user_id):
            raise Forbidden(ONLY_MODERATORS)


def hide(caller: Caller, video_id: UUID, reason: str) -> None:
    """Take a video out of the lists and the voting.

    Raises:
        NotFound: it is hidden already, or not there.
    """
    with statements() as connection:
        _done(moderation.hide_video(connection, _deed(caller, reason), video_id))
    log.info("video hidden", video_id=str(video_id), moderator_id=caller.user_id)


def show(caller: Caller, video_id: UUID, reason: str) -> None:
    """Take a hidden video back into the lists and the voting.

    Raises:
        NotFound: it is not hidden, or not there.
    """
    with statements() as connection:
        _done(moderation.show_video(connection, _deed(caller, reason), video_id))
    log.info("video shown again", video_id=str(video_id), moderator_id=caller.user_id)


def set_aside(caller: Caller, video_id: UUID, network: str | None, reason: str) -> int:
    """Set a network's votes for a video aside; returns how many.

    Raises:
        NotFound: there are none that count.
    """
    with statements() as connection:
        moved = moderation.quarantine_votes(connection, _deed(caller, reason), video_id, network)
    _done(moved > 0)
    log.info("votes set aside", video_id=str(video_id), network=network, votes=moved, moderator_id=caller.user_id)
    return moved


def give_back(caller: Caller, video_id: UUID, network: str | None, reason: str) -> int:
    """Let a network's votes for a video count again; returns how many.

    Raises:
        NotFound: none was set aside.
    """
    with statements() as connection:
        moved = moderation.restore_votes(connection, _deed(caller, reason), video_id, network)
    _done(moved > 0)
    log.info("votes given back", video_id=str(video_id), network=network, votes=moved, moderator_id=caller.user_id)
    return moved


def close_account(caller: Caller, user_id: int, reason: str) -> None:
    """Let nobody use an account any more.

    Raises:
        NotFound: it is closed already, a moderator's, or not there.
    """
    with statements() as connection:
        _done(moderation.close_account(connection, _deed(caller, reason), user_id))
    resources().revocations.forget()
    log.info("account closed", user_id=user_id, moderator_id=caller.user_id)


def open_account(caller: Caller, user_id: int, reason: str) -> None:
    """Let a closed account be used again.

    Raises:
        NotFound: it is not closed, or not there.
    """
    with statements() as connection:
        _done(moderation.open_account(connection, _deed(caller, reason), user_id))
    resources().revocations.forget()
    log.info("account opened", user_id=user_id, moderator_id=caller.user_id)


def set_period(caller: Caller, period: VotingPeriod, reason: str) -> None:
    """Set when votes are taken."""
    with transaction() as connection:
        write_period(connection, period)
        moderation.log_voting_period(connection, _deed(caller, reason))
    log.info("voting period set", moderator_id=caller.user_id, opens_at=period.opens_at, closes_at=period.closes_at)


def check_reason(reason: str) -> str:
    """A reason as it may be logged.

    Raises:
        BadRequest: there is none.
    """
    reason = reason.strip()
    if not reason:
        raise BadRequest("A reason is required")
    return reason


def _deed(caller: Caller, reason: str) -> ModerationAction:
    return ModerationAction(moderator_id=caller.user_id, reason=check_reason(reason))


def _done(done: bool) -> None:
    if not done:
        raise NotFound(NOTHING_TO_DO)
