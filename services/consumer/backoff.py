"""How long a message that could not be handled stays away."""

from __future__ import annotations

import random


def backoff_seconds(receive_count: int, *, first: float, most: float) -> int:
    """The wait before a retry, in whole seconds as SQS takes it.

    It doubles with each receive; up to a fifth is taken off at random, so that messages that
    failed together do not come back together.

    Args:
        receive_count: how often the message was received, from 1 (``ApproximateReceiveCount``).
        first: wait after the first receive, in seconds.
        most: longest wait, in seconds.
    """
    # The exponent is bounded: a float overflows long after the limit is reached.
    whole = min(first * 2.0 ** min(receive_count - 1, 30), most)
    return round(whole * random.uniform(0.8, 1))
