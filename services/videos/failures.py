"""Why a video could not be processed: codes in ``videos.failure_reason``, put into words by the portal."""

from __future__ import annotations

from enum import StrEnum


class FailureReason(StrEnum):
    """A reason that trying again cannot mend."""

    FILE_MISSING = "file_missing"
    """The uploaded file is no longer in the bucket."""
    NOT_A_VIDEO = "not_a_video"
    """The file is something else, whatever its name says, or holds sound only."""
    UNSUPPORTED_FORMAT = "unsupported_format"
    """A video in a container, codec or arrangement of streams that is not accepted."""
    TOO_LARGE_PICTURE = "too_large_picture"
    """More pixels in a picture than 4096 x 2304."""
    TOO_SHORT = "too_short"
    """Shorter than half a second, or without any picture."""
    WRONG_LENGTH = "wrong_length"
    """Not between 20 and 60 seconds, where the contest's rules are enforced."""
    BELOW_1080P = "below_1080p"
    """Fewer than 1080 pixels on the shorter side, where the contest's rules are enforced."""
    DAMAGED = "damaged"
    """The file is cut off or broken."""
    TOOK_TOO_LONG = "took_too_long"
    """Processing did not end within its limit."""
    GIVEN_UP = "given_up"
    """No worker finished it, however often it was sent; an operator can have it tried again."""
