"""Cost of instances, calculated by hand."""

from __future__ import annotations

import pytest

from operations.simulate.comparison import instance_cost
from operations.simulate.deployed import Price
from operations.simulate.engine import SimulatedGroup, run
from operations.simulate.jobs import SimulatedJob
from operations.simulate.outcome import InstanceLifetime as Lifetime
from operations.simulate.outcome import SimulationResult
from operations.simulate.scaling import WAITING, TargetTracking

HOUR = 3600.0


def outcome(*lifetimes: Lifetime) -> SimulationResult:
    return SimulationResult(
        seconds=24 * HOUR, waits=(), waiting=0, working=0, done=0, minutes=(), changes=(), lifetimes=tuple(lifetimes)
    )


def test_every_instance_hour_is_billed() -> None:
    two = outcome(Lifetime(0, 24 * HOUR, 0), Lifetime(HOUR, 1.5 * HOUR, 0.5 * HOUR))

    assert instance_cost(two, Price(hour=0.02)) == pytest.approx(0.49)


def test_cpu_above_the_baseline_is_billed() -> None:
    price = Price(hour=0.02, baseline_vcpus=0.4, surplus_vcpu_hour=0.05)

    # Always busy: 1.9 vCPUs used, 0.4 included.
    assert instance_cost(outcome(Lifetime(0, 10 * HOUR, 10 * HOUR)), price) == pytest.approx(10 * (0.02 + 1.5 * 0.05))
    # Busy 10 % of the time: 0.19 vCPUs, within the baseline.
    assert instance_cost(outcome(Lifetime(0, 10 * HOUR, HOUR)), price) == pytest.approx(0.2)
    # Instances do not share credits: the second owes 1.5 vCPU hours, although the first was idle.
    assert instance_cost(outcome(Lifetime(0, 10 * HOUR, 0), Lifetime(0, HOUR, HOUR)), price) == pytest.approx(
        0.22 + 0.075
    )


def test_constant_group_costs_size_times_hours() -> None:
    group = SimulatedGroup(minimum=3, maximum=3, initial_capacity=3, concurrency=1, boot_seconds=60)

    assert instance_cost(run([], group, [], seconds=24 * HOUR), Price(hour=0.02)) == pytest.approx(3 * 24 * 0.02)


def test_scaled_group_is_billed_from_launch_to_termination() -> None:
    # 31 jobs of 400 s arrive at 10 s; at 240 s two more instances launch, in service at 300 s.
    group = SimulatedGroup(minimum=1, maximum=3, initial_capacity=1, concurrency=1, boot_seconds=60)
    policy = TargetTracking(expression="waiting", metrics={"waiting": WAITING}, target=10, warmup=180)
    result = run([SimulatedJob(10.0, 400.0)] * 31, group, [policy], seconds=2 * HOUR)

    # The old one starts a job every 400 s from 10 s on, the others from 300 s on. 9 wait from 2810 s on, 7 from
    # 3100 s on: 3120 to 3960 s are fifteen points below nine. At 3960 s one waits: 3 x 1 / 10 is one, two terminate.
    assert result.changes == ((240, 3), (4020, 1))
    # The old one started its eleventh job at 4010 s, the others their tenth at 3900 s; two terminate when done.
    assert result.lifetimes == (
        Lifetime(0, 4410, 4400),
        Lifetime(240, 4300, 4000),
        Lifetime(240, 7200, 4000),
    )
    assert instance_cost(result, Price(hour=3600.0)) == pytest.approx(4410 + 4060 + 6960)
