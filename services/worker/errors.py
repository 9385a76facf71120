"""Why a video is given up for good, and what may pass when it is tried again."""

from __future__ import annotations

from services.videos.failures import FailureReason


class StartupError(Exception):
    """The worker cannot start; the text is one sentence that says how to mend it."""


class InvalidMedia(Exception):
    """The player's file cannot become a video, however often it is tried.

    Args:
        reason: what the portal tells the player.
        detail: what an operator wants to know.
    """

    def __init__(self, reason: FailureReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class TransientError(Exception):
    """Something around the worker failed (disk, memory, time on a busy machine); another attempt may succeed."""


class JobCancelled(Exception):
    """The work was called off: the worker stops, or the claim was lost."""
