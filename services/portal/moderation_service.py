"""Moderators' actions, for the API and the pages alike."""

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
    """Check that the caller is a moderator.

    Raises:
        Forbidden: the caller is not, or no longer, a moderator.
    """
    with statements() as connection:
        if not moderation.is_moderator(connection, caller.user_id):
            raise Forbidden(ONLY_MODERATORS)


def hide(caller: Caller, video_id: UUID, reason: str) -> None:
    """Hide a video from the lists and the voting.

    Raises:
        NotFound: the video is hidden already or does not exist.
    """
    with statements() as connection:
        _require_change(moderation.hide_video(connection, _action(caller, reason), video_id))
    log.info("video hidden", video_id=str(video_id), moderator_id=caller.user_id)


def show(caller: Caller, video_id: UUID, reason: str) -> None:
    """Show a hidden video in the lists and the voting again.

    Raises:
        NotFound: the video is not hidden or does not exist.
    """
    with statements() as connection:
        _require_change(moderation.show_video(connection, _action(caller, reason), video_id))
    log.info("video shown again", video_id=str(video_id), moderator_id=caller.user_id)


def quarantine_votes(caller: Caller, video_id: UUID, network: str | None, reason: str) -> int:
    """Quarantine a network's votes for a video, so that they do not count; return how many.

    Raises:
        NotFound: the network has no counted votes for the video.
    """
    with statements() as connection:
        moved = moderation.quarantine_votes(connection, _action(caller, reason), video_id, network)
    _require_change(moved > 0)
    log.info("votes set aside", video_id=str(video_id), network=network, votes=moved, moderator_id=caller.user_id)
    return moved


def restore_votes(caller: Caller, video_id: UUID, network: str | None, reason: str) -> int:
    """Restore a network's quarantined votes for a video; return how many.

    Raises:
        NotFound: the network has no quarantined votes for the video.
    """
    with statements() as connection:
        moved = moderation.restore_votes(connection, _action(caller, reason), video_id, network)
    _require_change(moved > 0)
    log.info("votes given back", video_id=str(video_id), network=network, votes=moved, moderator_id=caller.user_id)
    return moved


def close_account(caller: Caller, user_id: int, reason: str) -> None:
    """Disable an account and end its sessions and tokens.

    Raises:
        NotFound: the account is disabled already, is a moderator's, or does not exist.
    """
    with statements() as connection:
        _require_change(moderation.close_account(connection, _action(caller, reason), user_id))
    resources().revocations.forget()
    log.info("account closed", user_id=user_id, moderator_id=caller.user_id)


def open_account(caller: Caller, user_id: int, reason: str) -> None:
    """Enable a disabled account.

    Raises:
        NotFound: the account is not disabled or does not exist.
    """
    with statements() as connection:
        _require_change(moderation.open_account(connection, _action(caller, reason), user_id))
    resources().revocations.forget()
    log.info("account opened", user_id=user_id, moderator_id=caller.user_id)


def set_period(caller: Caller, period: VotingPeriod, reason: str) -> None:
    """Set the voting period."""
    with transaction() as connection:
        write_period(connection, period)
        moderation.log_voting_period(connection, _action(caller, reason))
    log.info("voting period set", moderator_id=caller.user_id, opens_at=period.opens_at, closes_at=period.closes_at)


def check_reason(reason: str) -> str:
    """Return the reason without surrounding whitespace.

    Raises:
        BadRequest: the reason is empty.
    """
    reason = reason.strip()
    if not reason:
        raise BadRequest("A reason is required")
    return reason


def _action(caller: Caller, reason: str) -> ModerationAction:
    return ModerationAction(moderator_id=caller.user_id, reason=check_reason(reason))


def _require_change(changed: bool) -> None:
    if not changed:
        raise NotFound(NOTHING_TO_DO)
