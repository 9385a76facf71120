"""Errors of the worker: permanent, transient, and at startup."""

from __future__ import annotations

from services.videos.failures import FailureReason


class StartupError(Exception):
    """The worker cannot start; the message says how to fix it."""


class InvalidMedia(Exception):
    """The player's file can never become a video; retries are pointless.

    Args:
        reason: failure reason shown to the player.
        detail: diagnostic text for operators.
    """

    def __init__(self, reason: FailureReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class TransientError(Exception):
    """The worker's environment failed (disk, memory, overloaded machine); another attempt may succeed."""


class JobCancelled(Exception):
    """The job was cancelled: the worker is stopping, or the claim was lost."""
