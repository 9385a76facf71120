"""Result of a simulation: waiting times, queue and instances over time, instance hours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class MinuteSample(NamedTuple):
    """The queue and the group at the end of a minute.

    Args:
        moment: Seconds since the start.
        waiting: Waiting messages.
        serving: Instances in service.
        instances: All billed instances: launching, in service and draining.
    """

    moment: float
    waiting: int
    serving: int
    instances: int


class InstanceLifetime(NamedTuple):
    """Lifetime of an instance.

    Args:
        launched, ended: Seconds since the start; a running instance ends with the simulation.
        busy: Seconds with at least one job.
    """

    launched: float
    ended: float
    busy: float


@dataclass(frozen=True, kw_only=True)
class SimulationResult:
    """Result of a simulation.

    Args:
        seconds: Duration of the simulation in seconds.
        waits: Arrival time and waiting time of each job, in seconds; unstarted jobs wait until the end.
        waiting: Number of waiting jobs at the end.
        working: Number of jobs in progress at the end.
        done: Number of completed jobs.
        minutes: Queue and group at each minute.
        changes: Time and value of each change of the desired capacity.
        lifetimes: Lifetimes of all instances.
    """

    seconds: float
    waits: tuple[tuple[float, float], ...]
    waiting: int
    working: int
    done: int
    minutes: tuple[MinuteSample, ...]
    changes: tuple[tuple[float, int], ...]
    lifetimes: tuple[InstanceLifetime, ...]

    @property
    def hours(self) -> float:
        """Total instance hours."""
        return sum(lifetime.ended - lifetime.launched for lifetime in self.lifetimes) / 3600

    @property
    def most_instances(self) -> int:
        """Maximum number of instances at the end of a minute."""
        return max((minute.instances for minute in self.minutes), default=0)

    @property
    def longest_queue(self) -> int:
        """Maximum number of waiting messages at the end of a minute."""
        return max((minute.waiting for minute in self.minutes), default=0)

    def wait(self, share: float) -> float | None:
        """Return a quantile of the waiting times in seconds; None without jobs."""
        return quantile(sorted(wait for _, wait in self.waits), share)


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """Return a quantile of sorted values by the nearest rank; None without values."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None
