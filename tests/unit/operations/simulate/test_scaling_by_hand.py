"""Steps of load, and the very minute at which Auto Scaling does something about them."""

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


def first() -> StepUp:
    """The policy that launches the first instance of an empty group."""
    return StepUp(expression=STRANDED, metrics=METRICS, threshold=0, periods=1, adds=1, warmup=300)


def changes(
    jobs: list[SimulatedJob],
    *policies: Policy,
    seconds: float = 3600,
    low: int = 1,
    high: int = 10,
    at_first: int | None = None,
) -> list[tuple[float, int]]:
    """When the number of instances changed, and to what; a boot takes 90 s."""
    fleet = SimulatedGroup(
        minimum=low, maximum=high, at_first=low if at_first is None else at_first, jobs_at_once=1, boot_seconds=90
    )
    return list(run(jobs, fleet, policies, seconds=seconds).changes)


def burst(count: int, *, at: float = 10.0, seconds: float = ENDLESS) -> list[SimulatedJob]:
    return [SimulatedJob(at, seconds)] * count


def test_three_points_above_the_target_and_a_minute_later_the_group_grows_to_the_proportion() -> None:
    # 31 come at 10 s and one is begun: 30 wait at 60, 120 and 180 s, which is seen at 240 s. 1 x 30 / 10 = 3.
    assert changes(burst(31), backlog(), seconds=300) == [(240, 3)]


def test_what_does_not_divide_is_rounded_up() -> None:
    assert changes(burst(32), backlog(), seconds=300) == [(240, 4)]


def test_at_the_target_nothing_happens() -> None:
    assert changes(burst(11), backlog()) == []
    assert changes(burst(12), backlog(), seconds=300) == [(240, 2)]


def test_two_points_are_too_few() -> None:
    # All of the 12 are gone at 170 s, before the third point.
    jobs = [SimulatedJob(10.0, 160.0), *burst(11, at=11.0, seconds=0.0)]
    assert changes(jobs, backlog()) == []


def test_an_alarm_that_lasts_launches_no_more_for_the_same_need() -> None:
    # At 240 s two more, which work from 330 s on. 28 wait then for 3: 9.3 each, and the alarm is off.
    assert changes(burst(31), backlog(), seconds=900) == [(240, 3)]


def test_the_raw_depth_is_multiplied_again_after_every_warm_up() -> None:
    # 30 wait: 3 instances at 240 s. The two new ones take two at 330 s and are warm at 510 s; 28 wait on, whoever
    # works. At 540 s, 3 x 28 / 10 = 9: six more, which take six at 630 s and are warm at 810 s. At 840 s, 9 x 22 / 10.
    assert changes(burst(31), raw_depth(), seconds=900, high=50) == [(240, 3), (540, 9), (840, 20)]


def test_never_more_than_the_maximum() -> None:
    assert changes(burst(500), backlog(), seconds=900, high=4) == [(240, 4)]


def test_warm_instances_alone_are_multiplied() -> None:
    # 31 at 10 s make 3 of 1, at 240 s; 60 more come at 340 s, when the two new ones have just begun.
    # 88 wait: 29.3 for each of 3, from the point of 360 s on, seen three times at 540 s. But two of the three are
    # warming up until 630 s, and 1 x 29.3 / 10 = 3 asks for no more. At 660 s it is 3 x 29.3 / 10 = 9.
    jobs = [*burst(31), *burst(60, at=340.0)]
    assert changes(jobs, backlog(), seconds=720) == [(240, 3), (660, 9)]


def test_fifteen_points_below_nine_tenths_and_a_minute_later_the_group_shrinks() -> None:
    # Nothing ever waits: the points of 60 to 900 s are seen at 960 s.
    assert changes([], backlog(), at_first=3, seconds=1800) == [(960, 1)]


def test_between_nine_tenths_and_the_target_the_group_stays() -> None:
    # 3 work and 27 wait, 9 each: that is not below nine tenths.
    assert changes(burst(30), backlog(), at_first=3) == []
    # 26 wait, 8.7 each; 3 x 8.7 / 10 is still 3.
    assert changes(burst(29), backlog(), at_first=3) == []
    # 18 wait, 6 each: two are enough, and then the 18 are 9 each.
    assert changes(burst(21), backlog(), at_first=3) == [(960, 2)]


def test_while_instances_warm_up_the_group_does_not_shrink() -> None:
    # Two are launched at 240 s, work from 330 s and are warm at 630 s. All is done soon after 330 s, so the last
    # point that is not low is the one of 300 s, and fifteen low ones, 360 to 1200 s, are seen at 1260 s.
    jobs = [SimulatedJob(10.0, 325.0), *burst(30, at=11.0, seconds=0.1)]
    assert changes(jobs, backlog(), seconds=3600) == [(240, 3), (1260, 1)]
    # Were the warm-up an hour, it would wait for that: 330 + 3600 s.
    assert changes(jobs, backlog(warmup=3600), seconds=7200) == [(240, 3), (3960, 1)]


def test_a_leaving_instance_still_counts_when_the_group_shrinks_further() -> None:
    # Four work and 24 wait, 6 each: at 960 s one too many, 4 x 6 / 10 = 3. The oldest leaves, and never ends its job.
    # The other three end theirs at 1100 s and then take three short ones and three endless ones: 18 wait, 6 each of
    # three. With the leaving one 4 x 6 / 10 = 3 are enough; without it 3 x 6 / 10 = 2 would be.
    lengths = [ENDLESS, *[1090.0] * 3, *[0.0] * 3, *[ENDLESS] * 21]
    assert changes([SimulatedJob(10.0, length) for length in lengths], backlog(), at_first=4) == [(960, 3)]


def test_a_leaving_instance_finishes_its_job_and_takes_no_other() -> None:
    # Three work from 10 s on, nothing waits; at 960 s two of them must go, the oldest. Both end their jobs at 1010 s.
    fleet = SimulatedGroup(minimum=1, maximum=3, at_first=3, jobs_at_once=1, boot_seconds=90)
    jobs = [*burst(3, seconds=1000.0), SimulatedJob(1005.0, 10.0)]
    outcome = run(jobs, fleet, [backlog()], seconds=1800)

    assert outcome.changes == ((960, 1),)
    assert sorted(life.ended for life in outcome.lives) == [1010, 1010, 1800]
    # The fourth is begun by the one that stays, at 1010 s.
    assert outcome.done == 4
    assert outcome.waits[-1] == (1005, 5)
    assert [(minute.serving, minute.instances) for minute in outcome.minutes[15:17]] == [(3, 3), (1, 1)]


def test_a_leaving_instance_is_out_of_service_and_fills_no_free_slot() -> None:
    # Two slots each: the old one has two jobs, the young one has one. At 960 s the old one must go; one of its jobs
    # ends at 1010 s. Of the two that come then, the young one takes the first; the second waits for it until 1120 s.
    fleet = SimulatedGroup(minimum=1, maximum=2, at_first=2, jobs_at_once=2, boot_seconds=90)
    jobs = [
        SimulatedJob(10.0, 2000.0),
        SimulatedJob(10.0, 1000.0),
        SimulatedJob(10.0, 2000.0),
        SimulatedJob(1020.0, 100.0),
        SimulatedJob(1030.0, 100.0),
    ]
    outcome = run(jobs, fleet, [backlog()], seconds=1800)

    assert outcome.changes == ((960, 1),)
    assert [wait for _, wait in outcome.waits] == [0, 0, 0, 0, 90]
    assert outcome.minutes[17] == (1080, 1, 1, 2)


def test_an_idle_instance_leaves_at_once() -> None:
    fleet = SimulatedGroup(minimum=1, maximum=3, at_first=3, jobs_at_once=1, boot_seconds=90)
    outcome = run([], fleet, [backlog()], seconds=1800)

    assert sorted(life.ended for life in outcome.lives) == [960, 960, 1800]
    assert outcome.hours == pytest.approx((960 + 960 + 1800) / 3600)


def test_an_empty_group_launches_one_instance_and_one_only() -> None:
    # One message: seen at 60 s, known at 120 s, served at 210 s.
    fleet = SimulatedGroup(minimum=0, maximum=3, at_first=0, jobs_at_once=1, boot_seconds=90)
    outcome = run([SimulatedJob(10.0, 25.0)], fleet, [backlog(), first()], seconds=900)

    assert outcome.changes == ((120, 1),)
    assert outcome.waits == ((10, 200),)


def test_without_the_step_policy_a_multiple_of_none_is_none() -> None:
    assert changes(burst(50), backlog(), low=0) == []


def test_the_first_instance_goes_when_there_was_nothing_to_do_for_a_quarter_of_an_hour() -> None:
    # Launched at 120 s, at work from 210 to 235 s, warm at 510 s. One message that waits is below nine tenths of ten
    # as well, so the points of 60 to 900 s are low. The last of them is 0, and so is 1 x 0 / 10.
    assert changes([SimulatedJob(10.0, 25.0)], backlog(), first(), low=0) == [(120, 1), (960, 0)]


def test_where_policies_disagree_the_largest_group_is_made() -> None:
    assert changes(burst(31), backlog(), raw_depth(target=5), seconds=300) == [(240, 6)]


def test_a_queue_nobody_asked_for_six_hours_is_reported_a_quarter_of_an_hour_late() -> None:
    # Sent at 7 h, reported from 7 h 15 min on: the point of that minute is known at 7 h 16 min.
    hour = 3600.0
    made = changes([SimulatedJob(7 * hour, 25.0)], first(), low=0, seconds=8 * hour)
    assert made[0] == (7 * hour + 16 * 60, 1)
    # After five hours it is still reported: the point of the minute itself is known a minute later.
    assert changes([SimulatedJob(5 * hour, 25.0)], first(), low=0, seconds=6 * hour)[0] == (5 * hour + 60, 1)
