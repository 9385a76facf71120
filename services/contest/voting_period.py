"""The voting period: when votes are accepted and when counts freeze. Only the database's clock decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, text

from services.videos.records import COUNTED_UNTIL

IS_OPEN = "(SELECT coalesce(now() >= opens_at, true) AND coalesce(now() < closes_at, true) FROM voting_period)"
"""SQL: whether votes are accepted now."""


class VotingState(StrEnum):
    """State of the voting."""

    NOT_YET = "not yet open"
    OPEN = "open"
    FROZEN = "open, counts frozen"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True)
class VotingPeriod:
    """Start, freeze and end of the voting.

    Args:
        opens_at: Time from which votes are accepted. None: no start.
        freezes_at: Time from which the public counts do not change until the voting closes. None: no freeze.
        closes_at: Time from which no votes are accepted and all are published. None: no end.
    """

    opens_at: datetime | None = None
    freezes_at: datetime | None = None
    closes_at: datetime | None = None

    def __post_init__(self) -> None:
        """Validate the times.

        Raises:
            ValueError: The times are not in order, or one has no time zone.
        """
        given = [moment for moment in (self.opens_at, self.freezes_at, self.closes_at) if moment]
        if any(moment.tzinfo is None for moment in given):
            raise ValueError("each moment needs its time zone")
        if given != sorted(given) or (self.opens_at and self.opens_at == self.closes_at):
            raise ValueError("the voting opens first, then freezes, then closes")


@dataclass(frozen=True, kw_only=True)
class Voting:
    """The voting period and its state.

    Args:
        period: The voting period.
        state: State at ``now``.
        now: Current time of the database.
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
    """Read the voting period and its state."""
    row = connection.execute(_READ).one()
    if row.open:
        state = VotingState.FROZEN if row.frozen else VotingState.OPEN
    else:
        state = VotingState.CLOSED if row.closed else VotingState.NOT_YET
    period = VotingPeriod(opens_at=row.opens_at, freezes_at=row.freezes_at, closes_at=row.closes_at)
    return Voting(period=period, state=state, now=row.now)


def write_period(connection: Connection, period: VotingPeriod) -> None:
    """Set the voting period."""
    connection.execute(
        _WRITE,
        {"opens_at": period.opens_at, "freezes_at": period.freezes_at, "closes_at": period.closes_at},
    )
