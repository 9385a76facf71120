"""The simulation engine against cases solved by hand and formulas of queueing theory."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from statistics import fmean

import pytest

from operations.simulate.engine import SimulatedGroup, run
from operations.simulate.jobs import SimulatedJob
from operations.simulate.outcome import SimulationResult


def run_fixed(
    jobs: Sequence[SimulatedJob], *, seconds: float, instances: int = 1, concurrency: int = 1
) -> SimulationResult:
    """Run jobs on a group of constant size."""
    group = SimulatedGroup(
        minimum=instances, maximum=instances, initial_capacity=instances, concurrency=concurrency, boot_seconds=60
    )
    return run(jobs, group, [], seconds=seconds)


def waits(outcome: SimulationResult) -> list[float]:
    return [wait for _, wait in outcome.waits]


def test_no_jobs_wait_nothing_and_cost_instance_hours() -> None:
    outcome = run_fixed([], seconds=7200, instances=2)

    assert (outcome.waits, outcome.waiting, outcome.working, outcome.done) == ((), 0, 0, 0)
    assert outcome.wait(0.95) is None
    assert (outcome.hours, outcome.most_instances, outcome.longest_queue) == (4.0, 2, 0)
    assert [lifetime.busy for lifetime in outcome.lifetimes] == [0, 0]
    assert len(outcome.minutes) == 120


def test_single_job_starts_at_once() -> None:
    outcome = run_fixed([SimulatedJob(10.0, 25.0)], seconds=60)

    assert outcome.waits == ((10.0, 0.0),)
    assert (outcome.done, outcome.lifetimes[0].busy) == (1, 25.0)


def test_unfinished_job_counts_as_working() -> None:
    outcome = run_fixed([SimulatedJob(50.0, 25.0), SimulatedJob(52.0, 25.0)], seconds=60)

    assert (outcome.done, outcome.working, outcome.waiting) == (0, 1, 1)
    # The second has waited eight seconds so far.
    assert outcome.waits == ((50.0, 0.0), (52.0, 8.0))
    assert outcome.lifetimes[0].busy == 10.0


def test_queue_at_full_utilization_never_grows() -> None:
    # D/D/1 with utilization 1: each job arrives when its predecessor is done.
    outcome = run_fixed([SimulatedJob(25.0 * number, 25.0) for number in range(100)], seconds=2500)

    assert waits(outcome) == [0.0] * 100
    assert outcome.done == 100


def test_waits_grow_linearly_in_an_overload() -> None:
    # A 25 s job every 10 s: job n waits n x (25 - 10).
    outcome = run_fixed([SimulatedJob(10.0 * number, 25.0) for number in range(200)], seconds=10_000)

    assert waits(outcome) == [15.0 * number for number in range(200)]
    assert outcome.wait(1) == 199 * 15
    assert outcome.wait(0.5) == 99 * 15
    # At 1980 s, the last sample with arrivals, 199 jobs have arrived and 80 have started: at 0, 25, ... 1975 s.
    assert outcome.longest_queue == 199 - 80


@pytest.mark.parametrize(("instances", "concurrency"), [(5, 1), (1, 5)])
def test_several_slots_take_turns_in_an_overload(instances: int, concurrency: int) -> None:
    # Job n is the (n // 5)th of its slot: it starts 25 s after the previous one there and arrives 20 s after it.
    jobs = [SimulatedJob(4.0 * number, 25.0) for number in range(100)]
    outcome = run_fixed(jobs, seconds=1000, instances=instances, concurrency=concurrency)

    assert waits(outcome) == [5.0 * (number // 5) for number in range(100)]


def poisson(rate: float, lengths: Sequence[float] | None, *, count: int, seed: int) -> list[SimulatedJob]:
    """Draw Poisson arrivals; durations are chosen from a list, or exponential with a mean of one second."""
    source = random.Random(seed)
    jobs, moment = [], 0.0
    for _ in range(count):
        moment += source.expovariate(rate)
        jobs.append(SimulatedJob(moment, source.choice(lengths) if lengths else source.expovariate(1)))
    return jobs


def batch_error(values: Sequence[float], batches: int = 40) -> float:
    """Return the standard error of the mean of correlated values, by batch means."""
    size = len(values) // batches
    means = [fmean(values[number * size : (number + 1) * size]) for number in range(batches)]
    middle = fmean(means)
    return math.sqrt(sum((each - middle) ** 2 for each in means) / (batches - 1) / batches)


@pytest.mark.parametrize(("load", "count"), [(0.5, 20_000), (0.8, 60_000)])
@pytest.mark.parametrize("lengths", [[1.0], [0.25, 1.75]])
def test_mean_wait_of_one_worker_is_pollaczek_khinchine(load: float, count: int, lengths: list[float]) -> None:
    jobs = poisson(load, lengths, count=count, seed=7)
    outcome = run_fixed(jobs, seconds=jobs[-1].arrives)
    measured = waits(outcome)

    # M/G/1: the mean wait is rate x E[length²] / (2 x (1 - utilization)).
    expected = load * fmean(length**2 for length in lengths) / (2 * (1 - load))
    assert abs(fmean(measured) - expected) < 3.5 * batch_error(measured)
    # The confidence interval is narrow enough.
    assert batch_error(measured) < 0.05 * expected


@pytest.mark.parametrize(("instances", "load", "count"), [(1, 0.7, 20_000), (3, 0.8, 20_000), (10, 0.8, 30_000)])
def test_mean_wait_of_several_workers_is_erlang_c(instances: int, load: float, count: int) -> None:
    jobs = poisson(instances * load, None, count=count, seed=11)
    outcome = run_fixed(jobs, seconds=jobs[-1].arrives, instances=instances)
    measured = waits(outcome)

    # M/M/c: Erlang C is the share of jobs that wait; their mean wait is 1 / (c - a).
    offered = instances * load
    full = offered**instances / math.factorial(instances) / (1 - load)
    delayed = full / (sum(offered**free / math.factorial(free) for free in range(instances)) + full)
    expected = delayed / (instances - offered)
    assert abs(fmean(measured) - expected) < 3.5 * batch_error(measured)
    assert batch_error(measured) < 0.1 * expected
    share = [float(wait > 0) for wait in measured]
    assert abs(fmean(share) - delayed) < 3.5 * batch_error(share)


def test_busy_time_is_the_offered_load() -> None:
    jobs = poisson(0.5, [1.0], count=20_000, seed=3)
    outcome = run_fixed(jobs, seconds=jobs[-1].arrives)

    assert outcome.lifetimes[0].busy / outcome.seconds == pytest.approx(0.5, abs=0.01)
