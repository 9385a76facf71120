"""What holds for every load, every fleet and every policy."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from constructs_lib.messaging.backlog_scaling import BACKLOG, STRANDED
from operations.simulate.curve import LoadCurve
from operations.simulate.engine import SimulatedGroup, run
from operations.simulate.jobs import SimulatedJob, draw
from operations.simulate.outcome import SimulationResult
from operations.simulate.scaling import INSTANCES, WAITING, Policy, StepUp, TargetTracking

METRICS = {"waiting": WAITING, "instances": INSTANCES}


@st.composite
def fleets(draw_: st.DrawFn) -> SimulatedGroup:
    low, more = draw_(st.integers(0, 3)), draw_(st.integers(1, 4))
    return SimulatedGroup(
        minimum=low,
        maximum=low + more,
        at_first=low + draw_(st.integers(0, more)),
        jobs_at_once=draw_(st.integers(1, 3)),
        boot_seconds=draw_(st.floats(0, 400)),
    )


@st.composite
def policies(draw_: st.DrawFn) -> list[Policy]:
    target, warmup = draw_(st.floats(0.5, 20)), draw_(st.floats(0, 600))
    expression = draw_(st.sampled_from([BACKLOG, "waiting"]))
    tracking = TargetTracking(expression=expression, metrics=METRICS, target=target, warmup=warmup)
    first = StepUp(expression=STRANDED, metrics=METRICS, threshold=0, periods=1, adds=1, warmup=warmup)
    return draw_(st.sampled_from([[], [tracking], [tracking, first]]))


loads = st.lists(st.builds(SimulatedJob, st.floats(0, 7200), st.floats(0, 900)), max_size=150).map(
    lambda jobs: sorted(jobs, key=lambda job: job.arrives)
)


@given(loads, fleets(), policies())
def test_whatever_arrives_waits_is_worked_at_or_is_done(
    jobs: list[SimulatedJob], fleet: SimulatedGroup, rules: list[Policy]
) -> None:
    outcome = run(jobs, fleet, rules, seconds=7200)

    assert len(jobs) == len(outcome.waits) == outcome.waiting + outcome.working + outcome.done
    assert all(0 <= wait <= 7200 - arrives for arrives, wait in outcome.waits)


@given(loads, fleets(), policies())
def test_the_group_keeps_within_its_bounds(
    jobs: list[SimulatedJob], fleet: SimulatedGroup, rules: list[Policy]
) -> None:
    outcome = run(jobs, fleet, rules, seconds=7200)

    assert all(fleet.minimum <= wanted <= fleet.maximum for _, wanted in outcome.changes)
    assert all(minute.serving <= fleet.maximum for minute in outcome.minutes)
    assert all(minute.serving <= minute.instances for minute in outcome.minutes)
    assert all(minute.serving >= fleet.minimum for minute in outcome.minutes)


@given(loads, fleets(), policies())
def test_nobody_is_busier_than_they_live_and_all_work_is_somebodys(
    jobs: list[SimulatedJob], fleet: SimulatedGroup, rules: list[Policy]
) -> None:
    outcome = run(jobs, fleet, rules, seconds=7200)

    assert all(0 <= life.launched <= life.ended <= 7200 for life in outcome.lives)
    assert all(life.busy <= life.ended - life.launched + 1e-6 for life in outcome.lives)
    worked = sum(
        min(job.seconds, 7200 - job.arrives - wait) for job, (_, wait) in zip(jobs, outcome.waits, strict=True)
    )
    busy = sum(life.busy for life in outcome.lives)
    assert busy <= worked + 1e-6
    assert worked <= busy * fleet.jobs_at_once + 1e-6


@given(loads, fleets(), policies())
def test_messages_are_begun_in_the_order_they_came(
    jobs: list[SimulatedJob], fleet: SimulatedGroup, rules: list[Policy]
) -> None:
    begun = [arrives + wait for arrives, wait in run(jobs, fleet, rules, seconds=7200).waits]

    assert all(one <= other + 1e-6 for one, other in zip(begun, begun[1:], strict=False))


@given(st.integers(0, 2**32), st.lists(st.floats(0, 4), min_size=2, max_size=5), fleets(), policies())
def test_the_same_seed_gives_the_same_outcome(
    seed: int, rates: list[float], fleet: SimulatedGroup, rules: list[Policy]
) -> None:
    points = tuple((1800.0 * number, rate) for number, rate in enumerate(rates))
    curve = LoadCurve(title="any", why="", starts=0, points=points)

    def once() -> SimulationResult:
        return run(draw(curve, [20.0, 30.0], seed=seed), fleet, rules, seconds=curve.seconds)

    assert once() == once()
    # Who takes other times for the same videos sees them arrive at the same moments.
    assert [job.arrives for job in draw(curve, [5.0], seed=seed)] == [
        job.arrives for job in draw(curve, [20.0, 30.0], seed=seed)
    ]
