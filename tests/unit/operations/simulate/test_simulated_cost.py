"""What the instances of an outcome cost, reckoned by hand."""

from __future__ import annotations

import pytest

from operations.simulate.cost import dollars
from operations.simulate.deployed import Price
from operations.simulate.engine import SimulatedGroup, run
from operations.simulate.jobs import SimulatedJob
from operations.simulate.outcome import Life, SimulationResult
from operations.simulate.scaling import WAITING, TargetTracking

HOUR = 3600.0


def outcome(*lives: Life) -> SimulationResult:
    return SimulationResult(
        seconds=24 * HOUR, waits=(), waiting=0, working=0, done=0, minutes=(), changes=(), lives=tuple(lives)
    )


def test_an_hour_is_an_hour_of_every_instance() -> None:
    two = outcome(Life(0, 24 * HOUR, 0), Life(HOUR, 1.5 * HOUR, 0.5 * HOUR))

    assert dollars(two, Price(hour=0.02)) == pytest.approx(0.49)


def test_what_is_worked_beyond_the_baseline_is_paid_besides() -> None:
    price = Price(hour=0.02, baseline_vcpus=0.4, surplus_vcpu_hour=0.05)

    # Always busy: 1.9 processors are used, 0.4 are held.
    assert dollars(outcome(Life(0, 10 * HOUR, 10 * HOUR)), price) == pytest.approx(10 * (0.02 + 1.5 * 0.05))
    # Busy for a tenth: 0.19 of a processor, which the baseline holds.
    assert dollars(outcome(Life(0, 10 * HOUR, HOUR)), price) == pytest.approx(0.2)
    # One saves nothing for another: the second owes 1.5 processor hours, whatever the first did not use.
    assert dollars(outcome(Life(0, 10 * HOUR, 0), Life(0, HOUR, HOUR)), price) == pytest.approx(0.22 + 0.075)


def test_a_fixed_fleet_costs_its_size_times_the_time() -> None:
    fleet = SimulatedGroup(minimum=3, maximum=3, at_first=3, jobs_at_once=1, boot_seconds=60)

    assert dollars(run([], fleet, [], seconds=24 * HOUR), Price(hour=0.02)) == pytest.approx(3 * 24 * 0.02)


def test_a_scaled_fleet_is_paid_from_each_launch_to_each_end() -> None:
    # 31 jobs of 400 s come at 10 s; at 240 s two more instances are launched, at work from 300 s on.
    fleet = SimulatedGroup(minimum=1, maximum=3, at_first=1, jobs_at_once=1, boot_seconds=60)
    policy = TargetTracking(expression="waiting", metrics={"waiting": WAITING}, target=10, warmup=180)
    made = run([SimulatedJob(10.0, 400.0)] * 31, fleet, [policy], seconds=2 * HOUR)

    # The old one begins a job every 400 s from 10 s on, each of the others from 300 s on. 9 wait from 2810 s on, 7 from
    # 3100 s on: 3120 to 3960 s are fifteen points below nine. At 3960 s one waits: 3 x 1 / 10 is one, two must go.
    assert made.changes == ((240, 3), (4020, 1))
    # The old one began its eleventh at 4010 s, the others their tenth at 3900 s; two leave when they have finished.
    assert made.lives == (Life(0, 4410, 4400), Life(240, 4300, 4000), Life(240, 7200, 4000))
    assert dollars(made, Price(hour=3600.0)) == pytest.approx(4410 + 4060 + 6960)
