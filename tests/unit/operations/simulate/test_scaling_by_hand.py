"""Load steps, and the exact minute at which Auto Scaling reacts."""

from __future__ import annotations

import pytest

from constructs_lib.messaging.backlog_scaling import BACKLOG, STRANDED
from operations.simulate.engine import SimulatedGroup, run
from operations.simulate.jobs import SimulatedJob
from operations.simulate.scaling import INSTANCES, WAITING, Policy, StepUp, TargetTracking

METRICS = {"waiting": WAITING, "instances": INSTANCES}
ENDLESS = 1e6


def backlog(*, target: float = 10, warmup: float = 300) -> TargetTracking:
    """The policy of the construct."""
    return TargetTracking(expression=BACKLOG, metrics=METRICS, target=target, warmup=warmup)


def raw_depth(*, target: float = 10, warmup: float = 180) -> TargetTracking:
    """The policy of the first version."""
    return TargetTracking(expression="waiting", metrics={"waiting": WAITING}, target=target, warmup=warmup)


def step_from_zero() -> StepUp:
    """The policy that launches the first instance of an empty group."""
    return StepUp(expression=STRANDED, metrics=METRICS, threshold=0, periods=1, adds=1, warmup=300)


def changes(
    jobs: list[SimulatedJob],
    *policies: Policy,
    seconds: float = 3600,
    low: int = 1,
    high: int = 10,
    initial_capacity: int | None = None,
) -> list[tuple[float, int]]:
    """Return time and value of each capacity change; a boot takes 90 s."""
    group = SimulatedGroup(
        minimum=low,
        maximum=high,
        initial_capacity=low if initial_capacity is None else initial_capacity,
        concurrency=1,
        boot_seconds=90,
    )
    return list(run(jobs, group, policies, seconds=seconds).changes)


def burst(count: int, *, at: float = 10.0, seconds: float = ENDLESS) -> list[SimulatedJob]:
    return [SimulatedJob(at, seconds)] * count


def test_group_grows_after_three_high_points_and_a_minute() -> None:
    # 31 arrive at 10 s and one starts: 30 wait at 60, 120 and 180 s, published at 240 s. 1 x 30 / 10 = 3.
    assert changes(burst(31), backlog(), seconds=300) == [(240, 3)]


def test_capacity_is_rounded_up() -> None:
    assert changes(burst(32), backlog(), seconds=300) == [(240, 4)]


def test_metric_at_the_target_changes_nothing() -> None:
    assert changes(burst(11), backlog()) == []
    assert changes(burst(12), backlog(), seconds=300) == [(240, 2)]


def test_two_high_points_are_not_enough() -> None:
    # All 12 are done at 170 s, before the third point.
    jobs = [SimulatedJob(10.0, 160.0), *burst(11, at=11.0, seconds=0.0)]
    assert changes(jobs, backlog()) == []


def test_lasting_alarm_launches_no_more_instances() -> None:
    # At 240 s two more launch, in service at 330 s. Then 28 wait for 3 instances: 9.3 each, and the alarm is off.
    assert changes(burst(31), backlog(), seconds=900) == [(240, 3)]


def test_raw_depth_policy_overshoots_after_every_warm_up() -> None:
    # 30 wait: 3 instances at 240 s. The two new ones take two at 330 s and are warm at 510 s; 28 keep waiting.
    # At 540 s, 3 x 28 / 10 = 9: six more, which take six at 630 s and are warm at 810 s. At 840 s, 9 x 22 / 10.
    assert changes(burst(31), raw_depth(), seconds=900, high=50) == [(240, 3), (540, 9), (840, 20)]


def test_capacity_is_limited_by_the_maximum() -> None:
    assert changes(burst(500), backlog(), seconds=900, high=4) == [(240, 4)]


def test_only_warm_instances_count_when_scaling_out() -> None:
    # 31 at 10 s scale 1 to 3 at 240 s; 60 more arrive at 340 s, when the two new instances have just started.
    # 88 wait: 29.3 for each of 3, from the point of 360 s on, published three times at 540 s. Two of the three are
    # warming up until 630 s, and 1 x 29.3 / 10 = 3 requests no more. At 660 s it is 3 x 29.3 / 10 = 9.
    jobs = [*burst(31), *burst(60, at=340.0)]
    assert changes(jobs, backlog(), seconds=720) == [(240, 3), (660, 9)]


def test_group_shrinks_after_fifteen_low_points_and_a_minute() -> None:
    # Nothing ever waits: the points of 60 to 900 s are published at 960 s.
    assert changes([], backlog(), initial_capacity=3, seconds=1800) == [(960, 1)]


def test_no_change_between_90_percent_and_the_target() -> None:
    # 3 run and 27 wait, 9 each: not below 90 %.
    assert changes(burst(30), backlog(), initial_capacity=3) == []
    # 26 wait, 8.7 each; 3 x 8.7 / 10 is still 3.
    assert changes(burst(29), backlog(), initial_capacity=3) == []
    # 18 wait, 6 each: two instances are enough, with 9 each.
    assert changes(burst(21), backlog(), initial_capacity=3) == [(960, 2)]


def test_no_scale_in_while_instances_warm_up() -> None:
    # Two launch at 240 s, are in service at 330 s and warm at 630 s. All is done soon after 330 s, so the last
    # point that is not low is at 300 s, and fifteen low ones, 360 to 1200 s, are published at 1260 s.
    jobs = [SimulatedJob(10.0, 325.0), *burst(30, at=11.0, seconds=0.1)]
    assert changes(jobs, backlog(), seconds=3600) == [(240, 3), (1260, 1)]
    # A warm-up of an hour delays it to 330 + 3600 s.
    assert changes(jobs, backlog(warmup=3600), seconds=7200) == [(240, 3), (3960, 1)]


def test_draining_instance_still_counts_when_scaling_in() -> None:
    # Four run and 24 wait, 6 each: at 960 s 4 x 6 / 10 = 3 are enough. The oldest drains, and never ends its job.
    # The other three finish at 1100 s and then take three short jobs and three endless ones: 18 wait, 6 each of
    # three. With the draining one 4 x 6 / 10 = 3; without it 3 x 6 / 10 = 2.
    lengths = [ENDLESS, *[1090.0] * 3, *[0.0] * 3, *[ENDLESS] * 21]
    assert changes([SimulatedJob(10.0, length) for length in lengths], backlog(), initial_capacity=4) == [(960, 3)]


def test_draining_instance_finishes_its_job_and_takes_no_other() -> None:
    # Three run from 10 s on, nothing waits; at 960 s the two oldest drain. Both finish at 1010 s.
    group = SimulatedGroup(minimum=1, maximum=3, initial_capacity=3, concurrency=1, boot_seconds=90)
    jobs = [*burst(3, seconds=1000.0), SimulatedJob(1005.0, 10.0)]
    outcome = run(jobs, group, [backlog()], seconds=1800)

    assert outcome.changes == ((960, 1),)
    assert sorted(lifetime.ended for lifetime in outcome.lifetimes) == [1010, 1010, 1800]
    # The remaining instance starts the fourth job at 1010 s.
    assert outcome.done == 4
    assert outcome.waits[-1] == (1005, 5)
    assert [(minute.serving, minute.instances) for minute in outcome.minutes[15:17]] == [(3, 3), (1, 1)]


def test_draining_instance_takes_no_job_into_a_free_slot() -> None:
    # Two slots each: the old instance has two jobs, the new one has one. At 960 s the old one drains; one of its jobs
    # ends at 1010 s. Of two later jobs, the new instance takes the first; the second waits for it until 1120 s.
    group = SimulatedGroup(minimum=1, maximum=2, initial_capacity=2, concurrency=2, boot_seconds=90)
    jobs = [
        SimulatedJob(10.0, 2000.0),
        SimulatedJob(10.0, 1000.0),
        SimulatedJob(10.0, 2000.0),
        SimulatedJob(1020.0, 100.0),
        SimulatedJob(1030.0, 100.0),
    ]
    outcome = run(jobs, group, [backlog()], seconds=1800)

    assert outcome.changes == ((960, 1),)
    assert [wait for _, wait in outcome.waits] == [0, 0, 0, 0, 90]
    assert outcome.minutes[17] == (1080, 1, 1, 2)


def test_idle_instance_terminates_at_once() -> None:
    group = SimulatedGroup(minimum=1, maximum=3, initial_capacity=3, concurrency=1, boot_seconds=90)
    outcome = run([], group, [backlog()], seconds=1800)

    assert sorted(lifetime.ended for lifetime in outcome.lifetimes) == [960, 960, 1800]
    assert outcome.hours == pytest.approx((960 + 960 + 1800) / 3600)


def test_empty_group_launches_exactly_one_instance() -> None:
    # One message: sampled at 60 s, published at 120 s, processed at 210 s.
    group = SimulatedGroup(minimum=0, maximum=3, initial_capacity=0, concurrency=1, boot_seconds=90)
    outcome = run([SimulatedJob(10.0, 25.0)], group, [backlog(), step_from_zero()], seconds=900)

    assert outcome.changes == ((120, 1),)
    assert outcome.waits == ((10, 200),)


def test_target_tracking_alone_never_leaves_zero() -> None:
    assert changes(burst(50), backlog(), low=0) == []


def test_first_instance_terminates_after_fifteen_idle_minutes() -> None:
    # Launched at 120 s, busy from 210 to 235 s, warm at 510 s. One waiting message is below 90 % of ten
    # as well, so the points of 60 to 900 s are low. The last is 0, and so is 1 x 0 / 10.
    assert changes([SimulatedJob(10.0, 25.0)], backlog(), step_from_zero(), low=0) == [(120, 1), (960, 0)]


def test_largest_capacity_wins_if_policies_disagree() -> None:
    assert changes(burst(31), backlog(), raw_depth(target=5), seconds=300) == [(240, 6)]


def test_metrics_of_an_inactive_queue_resume_after_15_minutes() -> None:
    # Sent at 7 h, reported from 7 h 15 min on: that point is published at 7 h 16 min.
    hour = 3600.0
    late = changes([SimulatedJob(7 * hour, 25.0)], step_from_zero(), low=0, seconds=8 * hour)
    assert late[0] == (7 * hour + 16 * 60, 1)
    # After five hours it is still reported: the point is published a minute later.
    assert changes([SimulatedJob(5 * hour, 25.0)], step_from_zero(), low=0, seconds=6 * hour)[0] == (5 * hour + 60, 1)
