"""The jobs of a load: when each arrives and how long it takes, drawn once and given to every policy alike."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from operations.simulate.curve import LoadCurve


@dataclass(frozen=True, slots=True)
class SimulatedJob:
    """A video to process.

    Args:
        arrives: when its message is sent, in seconds since the load began.
        seconds: how long a worker takes.
    """

    arrives: float
    seconds: float


def draw(curve: LoadCurve, seconds: Sequence[float], *, seed: int) -> list[SimulatedJob]:
    """Jobs of a load, the same for the same seed.

    Arrivals are a Poisson process whose rate is the curve's, made by thinning (Lewis and Shedler, "Simulation of
    nonhomogeneous Poisson processes by thinning", 1979): people do not wait for each other before they upload.

    Args:
        curve: the load.
        seconds: how long jobs take, each as likely as the others.
        seed: of the random numbers. The arrivals do not depend on how long jobs take.
    """
    lengths = random.Random(f"{seed} lengths")
    return [
        SimulatedJob(moment, lengths.choice(seconds)) for moment in _arrivals(curve, random.Random(f"{seed} arrivals"))
    ]


def _arrivals(curve: LoadCurve, source: random.Random) -> Iterator[float]:
    highest = curve.highest
    per_second = highest / 60
    # The smallest floats are zero when divided by 60: at such a rate nothing arrives.
    if not per_second:
        return
    moment = source.expovariate(per_second)
    while moment < curve.seconds:
        if source.random() * highest < curve.rate(moment):
            yield moment
        moment += source.expovariate(per_second)
