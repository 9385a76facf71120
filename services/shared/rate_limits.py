"""Rate limits, counted in the database for all processes and instances together.

Generic cell rate algorithm: a row stores the time from which the whole limit is available again. Each use moves it
into the future; a use that would move it beyond the limit's burst is rejected. One statement decides and counts.
Another reads the time to wait, because a statement that waited for a row lock reads everything else as of its start.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True)
class Limit:
    """Rate limit.

    Args:
        name: Unique name; prefix of its keys.
        at_once: Burst: maximum number of uses at once.
        seconds_each: Time after which one more use is available, in seconds.
    """

    name: str
    at_once: int
    seconds_each: float


# Concurrent uses of one row wait for each other, so none is counted twice.
_CONSUME = text(
    """
    INSERT INTO rate_limits AS held (key, free_at) VALUES (:key, now() + make_interval(secs => :each))
    ON CONFLICT (key) DO UPDATE SET free_at = greatest(held.free_at, now()) + make_interval(secs => :each)
    WHERE held.free_at <= now() + make_interval(secs => :reach)
    RETURNING true
    """
)
_WAIT = text("SELECT extract(epoch FROM free_at - now()) - :reach FROM rate_limits WHERE key = :key")
_REFUND = text("UPDATE rate_limits SET free_at = free_at - make_interval(secs => :each) WHERE key = :key")
_CLEAR = text("DELETE FROM rate_limits WHERE free_at <= now()")


def consume(connection: Connection, limit: Limit, subject: str) -> int:
    """Use a limit once; return 0 if granted, otherwise the time to wait in seconds.

    Args:
        connection: Connection in AUTOCOMMIT; the row stays locked until the transaction ends.
        limit: Limit to use.
        subject: Account or address that the use is counted for, at most 80 characters.
    """
    reach = (limit.at_once - 1) * limit.seconds_each
    values = {"key": _key(limit, subject), "each": limit.seconds_each, "reach": reach}
    if connection.execute(_CONSUME, values).scalar_one_or_none():
        return 0
    # After a refund there may be nothing to wait for, but this use was rejected.
    return max(1, math.ceil(connection.execute(_WAIT, values).scalar_one_or_none() or 0))


def refund(connection: Connection, limit: Limit, subject: str) -> None:
    """Refund one use of a limit."""
    connection.execute(_REFUND, {"key": _key(limit, subject), "each": limit.seconds_each})


def clear_limits(connection: Connection) -> None:
    """Delete the rows of limits that are fully available again."""
    connection.execute(_CLEAR)


def _key(limit: Limit, subject: str) -> str:
    return f"{limit.name}:{subject}"
