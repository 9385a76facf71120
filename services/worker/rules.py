"""The contest's rules for what players film, where the organisers hold them to it."""

from __future__ import annotations

from services.videos.failures import FailureReason
from services.worker.errors import InvalidMedia
from services.worker.media import VideoStream

MIN_SECONDS, MAX_SECONDS = 20, 60
MIN_LINES = 1080
# Cameras end a clip a picture early or late, and some count the sound that goes on after it.
_TOLERANCE_SECONDS = 0.5


def check_rules(picture: VideoStream) -> None:
    """Hold a clip to the contest's rules: 20 to 60 seconds, 1080p or better, upright or not.

    Raises:
        InvalidMedia: it breaks one.
    """
    lines = min(picture.width, picture.height)
    if lines < MIN_LINES:
        raise InvalidMedia(
            FailureReason.BELOW_1080P,
            f"{picture.width}x{picture.height}; allowed are {MIN_LINES} pixels or more on the shorter side",
        )
    seconds = picture.seconds
    if seconds is None or not MIN_SECONDS - _TOLERANCE_SECONDS <= seconds <= MAX_SECONDS + _TOLERANCE_SECONDS:
        raise InvalidMedia(FailureReason.WRONG_LENGTH, f"{seconds} s; allowed are {MIN_SECONDS} s to {MAX_SECONDS} s")
