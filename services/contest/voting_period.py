"""When votes are taken, and when their counts stop being told: decided by the database's clock alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, text

from services.videos.records import COUNTED_UNTIL

IS_OPEN = "(SELECT coalesce(now() >= opens_at, true) AND coalesce(now() < closes_at, true) FROM voting_period)"
"""SQL: whether votes are taken at this moment."""


class VotingState(StrEnum):
    """What the database's clock says of the voting."""

    NOT_YET = "not yet open"
    OPEN = "open"
    FROZEN = "open, counts frozen"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True)
class VotingPeriod:
    """When votes are taken.

    Args:
        opens_at: votes are taken from here on; None for always.
        freezes_at: the counts people see stand still from here until the voting closes; None for never.
        closes_at: no vote is taken from here on, and all are told; None for never.
    """

    opens_at: datetime | None = None
    freezes_at: datetime | None = None
    closes_at: datetime | None = None

    def __post_init__(self) -> None:
        """Check the order of the moments.

        Raises:
            ValueError: they are not in order, or one says no time zone.
        """
        given = [moment for moment in (self.opens_at, self.freezes_at, self.closes_at) if moment]
        if any(moment.tzinfo is None for moment in given):
            raise ValueError("each moment needs its time zone")
        if given != sorted(given) or (self.opens_at and self.opens_at == self.closes_at):
            raise ValueError("the voting opens first, then freezes, then closes")


@dataclass(frozen=True, kw_only=True)
class Voting:
    """The period, and where in it the database is.

    Args:
        state: at this moment.
        now: the database's moment.
    """

    period: VotingPeriod
    state: VotingState
    now: datetime


_READ = text(
    f"SELECT opens_at, freezes_at, closes_at, now() AS now, {IS_OPEN} AS open, "
    f"{COUNTED_UNTIL} <> 'infinity' AS frozen, coalesce(now() >= closes_at, false) AS closed FROM voting_period"
)
_WRITE = text("UPDATE voting_period SET opens_at = :opens_at, freezes_at = :freezes_at, closes_at = :closes_at")


def read_voting(connection: Connection) -> Voting:
    """The voting period and the state it is in."""
    row = connection.execute(_READ).one()
    if row.open:
        state = VotingState.FROZEN if row.frozen else VotingState.OPEN
    else:
        state = VotingState.CLOSED if row.closed else VotingState.NOT_YET
    period = VotingPeriod(opens_at=row.opens_at, freezes_at=row.freezes_at, closes_at=row.closes_at)
    return Voting(period=period, state=state, now=row.now)


def write_period(connection: Connection, period: VotingPeriod) -> None:
    """Set when votes are taken."""
    connection.execute(
        _WRITE,
        {"opens_at": period.opens_at, "freezes_at": period.freezes_at, "closes_at": period.closes_at},
    )
