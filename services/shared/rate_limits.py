"""How often something may be done, counted by the database for all processes and instances together.

The generic cell rate algorithm: a row holds the moment from which a limit is all free again. Each use moves it
further away; one that would move it further than the limit reaches is refused. One statement decides and counts;
another tells how long to wait: a statement that waited for a row still reads everything else as of its beginning.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True)
class Limit:
    """A limit.

    Args:
        name: distinguishes its rows.
        at_once: how many uses are granted in one go.
        seconds_each: after so many seconds each, they are granted again.
    """

    name: str
    at_once: int
    seconds_each: float


# Parallel uses of one row wait for each other, so no two of them take the same place.
_TAKE = text(
    """
    INSERT INTO rate_limits AS held (key, free_at) VALUES (:key, now() + make_interval(secs => :each))
    ON CONFLICT (key) DO UPDATE SET free_at = greatest(held.free_at, now()) + make_interval(secs => :each)
    WHERE held.free_at <= now() + make_interval(secs => :reach)
    RETURNING true
    """
)
_WAIT = text("SELECT extract(epoch FROM free_at - now()) - :reach FROM rate_limits WHERE key = :key")
_GIVE_BACK = text("UPDATE rate_limits SET free_at = free_at - make_interval(secs => :each) WHERE key = :key")
_CLEAR = text("DELETE FROM rate_limits WHERE free_at <= now()")


def consume(connection: Connection, limit: Limit, subject: str) -> int:
    """Use a limit once; returns 0 where that is granted, or else after how many seconds it will be.

    Args:
        connection: in AUTOCOMMIT: the row stays locked until the statement's transaction ends.
        subject: whom it is counted for, at most 80 characters.
    """
    reach = (limit.at_once - 1) * limit.seconds_each
    values = {"key": _key(limit, subject), "each": limit.seconds_each, "reach": reach}
    if connection.execute(_TAKE, values).scalar_one_or_none():
        return 0
    # What was given back since leaves nothing to wait for, but this use was refused.
    return max(1, math.ceil(connection.execute(_WAIT, values).scalar_one_or_none() or 0))


def refund(connection: Connection, limit: Limit, subject: str) -> None:
    """Take back one use, as if it had not been."""
    connection.execute(_GIVE_BACK, {"key": _key(limit, subject), "each": limit.seconds_each})


def clear_limits(connection: Connection) -> None:
    """Forget the limits that are all free again."""
    connection.execute(_CLEAR)


def _key(limit: Limit, subject: str) -> str:
    return f"{limit.name}:{subject}"
