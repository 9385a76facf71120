"""What became of a load: waiting times, the queue and the instances over time, hours to pay."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Minute(NamedTuple):
    """The queue and the group at the end of a minute.

    Args:
        moment: in seconds since the load began.
        waiting: messages that nobody works at.
        serving: instances in service.
        instances: all that are paid: launching, in service and leaving.
    """

    moment: float
    waiting: int
    serving: int
    instances: int


class Life(NamedTuple):
    """An instance.

    Args:
        launched, ended: in seconds since the load began; one that is still there ends with it.
        busy: seconds with a job at least.
    """

    launched: float
    ended: float
    busy: float


@dataclass(frozen=True, kw_only=True)
class SimulationResult:
    """What became of a load.

    Args:
        seconds: how long it was watched.
        waits: of each job, when it arrived and how long it waited until a worker began it, or until the end.
        waiting: jobs that still wait.
        working: jobs that are worked at.
        done: jobs that are done.
        minutes: the queue and the group, minute by minute.
        changes: when the desired number of instances changed, and to what.
        lives: the instances.
    """

    seconds: float
    waits: tuple[tuple[float, float], ...]
    waiting: int
    working: int
    done: int
    minutes: tuple[Minute, ...]
    changes: tuple[tuple[float, int], ...]
    lives: tuple[Life, ...]

    @property
    def hours(self) -> float:
        """Instance hours."""
        return sum(life.ended - life.launched for life in self.lives) / 3600

    @property
    def most_instances(self) -> int:
        """The most there were at once, at a minute's end."""
        return max((minute.instances for minute in self.minutes), default=0)

    @property
    def longest_queue(self) -> int:
        """The most messages that waited, at a minute's end."""
        return max((minute.waiting for minute in self.minutes), default=0)

    def wait(self, share: float) -> float | None:
        """The seconds that a share of the jobs waited at most; None without jobs."""
        return quantile(sorted(wait for _, wait in self.waits), share)


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """The smallest value that a share of them do not exceed (the nearest rank); None where there are none."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None
