"""The queue and its workers, against cases solved by hand and against the formulas of queueing theory."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from statistics import fmean

import pytest

from operations.simulate.engine import SimulatedGroup, run
from operations.simulate.jobs import SimulatedJob
from operations.simulate.outcome import SimulationResult


def fixed(
    jobs: Sequence[SimulatedJob], *, seconds: float, instances: int = 1, jobs_at_once: int = 1
) -> SimulationResult:
    """What a fleet makes of jobs that does not scale."""
    fleet = SimulatedGroup(
        minimum=instances, maximum=instances, at_first=instances, jobs_at_once=jobs_at_once, boot_seconds=60
    )
    return run(jobs, fleet, [], seconds=seconds)


def waits(outcome: SimulationResult) -> list[float]:
    return [wait for _, wait in outcome.waits]


def test_without_a_job_nothing_waits_and_the_fleet_is_paid_all_the_same() -> None:
    outcome = fixed([], seconds=7200, instances=2)

    assert (outcome.waits, outcome.waiting, outcome.working, outcome.done) == ((), 0, 0, 0)
    assert outcome.wait(0.95) is None
    assert (outcome.hours, outcome.most_instances, outcome.longest_queue) == (4.0, 2, 0)
    assert [life.busy for life in outcome.lives] == [0, 0]
    assert len(outcome.minutes) == 120


def test_one_job_is_begun_at_once() -> None:
    outcome = fixed([SimulatedJob(10.0, 25.0)], seconds=60)

    assert outcome.waits == ((10.0, 0.0),)
    assert (outcome.done, outcome.lives[0].busy) == (1, 25.0)


def test_a_job_that_is_not_done_at_the_end_is_being_worked_at() -> None:
    outcome = fixed([SimulatedJob(50.0, 25.0), SimulatedJob(52.0, 25.0)], seconds=60)

    assert (outcome.done, outcome.working, outcome.waiting) == (0, 1, 1)
    # The second has waited eight seconds so far.
    assert outcome.waits == ((50.0, 0.0), (52.0, 8.0))
    assert outcome.lives[0].busy == 10.0


def test_a_queue_whose_jobs_come_no_faster_than_they_are_done_never_grows() -> None:
    # D/D/1 with a load of one: each comes in the very moment its predecessor is done.
    outcome = fixed([SimulatedJob(25.0 * number, 25.0) for number in range(100)], seconds=2500)

    assert waits(outcome) == [0.0] * 100
    assert outcome.done == 100


def test_in_an_overload_each_job_waits_longer_than_the_one_before_by_the_same() -> None:
    # Every 10 s one that takes 25 s: job n waits n x (25 - 10).
    outcome = fixed([SimulatedJob(10.0 * number, 25.0) for number in range(200)], seconds=10_000)

    assert waits(outcome) == [15.0 * number for number in range(200)]
    assert outcome.wait(1) == 199 * 15
    assert outcome.wait(0.5) == 99 * 15
    # At 1980 s, the last minute's end with arrivals, 199 have come and 80 were begun: at 0, 25, ... 1975 s.
    assert outcome.longest_queue == 199 - 80


@pytest.mark.parametrize(("instances", "jobs_at_once"), [(5, 1), (1, 5)])
def test_in_an_overload_several_slots_take_turns(instances: int, jobs_at_once: int) -> None:
    # Job n is the (n // 5)th of its slot: it is begun 25 s after the one before it there, and came 20 s after it.
    jobs = [SimulatedJob(4.0 * number, 25.0) for number in range(100)]
    outcome = fixed(jobs, seconds=1000, instances=instances, jobs_at_once=jobs_at_once)

    assert waits(outcome) == [5.0 * (number // 5) for number in range(100)]


def poisson(rate: float, lengths: Sequence[float] | None, *, count: int, seed: int) -> list[SimulatedJob]:
    """Jobs that come at random; their lengths are given, or exponential with a mean of one second."""
    source = random.Random(seed)
    jobs, moment = [], 0.0
    for _ in range(count):
        moment += source.expovariate(rate)
        jobs.append(SimulatedJob(moment, source.choice(lengths) if lengths else source.expovariate(1)))
    return jobs


def batch_error(values: Sequence[float], batches: int = 40) -> float:
    """The standard error of a mean of values that follow from each other, by the means of long batches."""
    size = len(values) // batches
    means = [fmean(values[number * size : (number + 1) * size]) for number in range(batches)]
    middle = fmean(means)
    return math.sqrt(sum((each - middle) ** 2 for each in means) / (batches - 1) / batches)


@pytest.mark.parametrize(("load", "count"), [(0.5, 20_000), (0.8, 60_000)])
@pytest.mark.parametrize("lengths", [[1.0], [0.25, 1.75]])
def test_the_mean_wait_of_one_worker_is_pollaczek_and_khinchines(load: float, count: int, lengths: list[float]) -> None:
    jobs = poisson(load, lengths, count=count, seed=7)
    outcome = fixed(jobs, seconds=jobs[-1].arrives)
    measured = waits(outcome)

    # M/G/1: the mean wait is the rate times the mean square of the lengths over twice what is left of the worker.
    expected = load * fmean(length**2 for length in lengths) / (2 * (1 - load))
    assert abs(fmean(measured) - expected) < 3.5 * batch_error(measured)
    # The bound says something.
    assert batch_error(measured) < 0.05 * expected


@pytest.mark.parametrize(("instances", "load", "count"), [(1, 0.7, 20_000), (3, 0.8, 20_000), (10, 0.8, 30_000)])
def test_the_mean_wait_of_several_workers_is_erlangs(instances: int, load: float, count: int) -> None:
    jobs = poisson(instances * load, None, count=count, seed=11)
    outcome = fixed(jobs, seconds=jobs[-1].arrives, instances=instances)
    measured = waits(outcome)

    # M/M/c: Erlang's C is the share that waits at all; those wait 1 / (c - a) on average.
    offered = instances * load
    full = offered**instances / math.factorial(instances) / (1 - load)
    delayed = full / (sum(offered**free / math.factorial(free) for free in range(instances)) + full)
    expected = delayed / (instances - offered)
    assert abs(fmean(measured) - expected) < 3.5 * batch_error(measured)
    assert batch_error(measured) < 0.1 * expected
    share = [float(wait > 0) for wait in measured]
    assert abs(fmean(share) - delayed) < 3.5 * batch_error(share)


def test_half_of_the_hours_worked_are_the_offered_load() -> None:
    jobs = poisson(0.5, [1.0], count=20_000, seed=3)
    outcome = fixed(jobs, seconds=jobs[-1].arrives)

    assert outcome.lives[0].busy / outcome.seconds == pytest.approx(0.5, abs=0.01)
