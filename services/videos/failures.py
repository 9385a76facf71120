"""Reasons why a video could not be processed: codes in ``videos.failure_reason``, which the portal translates."""

from __future__ import annotations

from enum import StrEnum


class FailureReason(StrEnum):
    """Permanent failure: a retry cannot fix it."""

    FILE_MISSING = "file_missing"
    """The uploaded file is no longer in the bucket."""
    NOT_A_VIDEO = "not_a_video"
    """The file is not a video, regardless of its name, or contains audio only."""
    UNSUPPORTED_FORMAT = "unsupported_format"
    """The container, the codec or the set of streams is not supported."""
    TOO_LARGE_PICTURE = "too_large_picture"
    """More than 4096 x 2304 pixels per frame."""
    TOO_SHORT = "too_short"
    """Shorter than half a second, or without any frame."""
    WRONG_LENGTH = "wrong_length"
    """Not between 20 and 60 seconds long. Only if the contest's rules are enforced."""
    BELOW_1080P = "below_1080p"
    """Fewer than 1080 pixels on the shorter side. Only if the contest's rules are enforced."""
    DAMAGED = "damaged"
    """The file is truncated or corrupt."""
    TOOK_TOO_LONG = "took_too_long"
    """Processing exceeded its time limit."""
    GIVEN_UP = "given_up"
    """No worker finished it after several requeues. An operator can redrive it."""
