"""Jobs of a load: random arrival times and durations, drawn once and used for every strategy."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from operations.simulate.curve import LoadCurve


@dataclass(frozen=True, slots=True)
class SimulatedJob:
    """A video to process.

    Args:
        arrives: Arrival time, in seconds since the start.
        seconds: Processing time in seconds.
    """

    arrives: float
    seconds: float


def draw(curve: LoadCurve, seconds: Sequence[float], *, seed: int) -> list[SimulatedJob]:
    """Draw the jobs of a load; the same seed gives the same jobs.

    Arrivals are a Poisson process with the curve's rate, drawn by thinning (Lewis and Shedler, "Simulation of
    nonhomogeneous Poisson processes by thinning", 1979), because uploads are independent of each other.

    Args:
        curve: The load.
        seconds: Possible durations of a job in seconds, all equally likely.
        seed: Random seed. Arrivals do not depend on durations.
    """
    lengths = random.Random(f"{seed} lengths")
    return [
        SimulatedJob(moment, lengths.choice(seconds)) for moment in _arrivals(curve, random.Random(f"{seed} arrivals"))
    ]


def _arrivals(curve: LoadCurve, source: random.Random) -> Iterator[float]:
    peak = curve.peak
    per_second = peak / 60
    # The smallest floats become zero when divided by 60.
    if not per_second:
        return
    moment = source.expovariate(per_second)
    while moment < curve.seconds:
        if source.random() * peak < curve.rate(moment):
            yield moment
        moment += source.expovariate(per_second)
