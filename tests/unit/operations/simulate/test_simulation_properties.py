"""Properties that hold for every load, group and policy."""

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
def groups(draw_: st.DrawFn) -> SimulatedGroup:
    low, more = draw_(st.integers(0, 3)), draw_(st.integers(1, 4))
    return SimulatedGroup(
        minimum=low,
        maximum=low + more,
        initial_capacity=low + draw_(st.integers(0, more)),
        concurrency=draw_(st.integers(1, 3)),
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


@given(loads, groups(), policies())
def test_every_job_is_waiting_working_or_done(
    jobs: list[SimulatedJob], group: SimulatedGroup, rules: list[Policy]
) -> None:
    outcome = run(jobs, group, rules, seconds=7200)

    assert len(jobs) == len(outcome.waits) == outcome.waiting + outcome.working + outcome.done
    assert all(0 <= wait <= 7200 - arrives for arrives, wait in outcome.waits)


@given(loads, groups(), policies())
def test_group_stays_within_its_bounds(jobs: list[SimulatedJob], group: SimulatedGroup, rules: list[Policy]) -> None:
    outcome = run(jobs, group, rules, seconds=7200)

    assert all(group.minimum <= wanted <= group.maximum for _, wanted in outcome.changes)
    assert all(minute.serving <= group.maximum for minute in outcome.minutes)
    assert all(minute.serving <= minute.instances for minute in outcome.minutes)
    assert all(minute.serving >= group.minimum for minute in outcome.minutes)


@given(loads, groups(), policies())
def test_busy_time_fits_lifetimes_and_adds_up_to_the_work(
    jobs: list[SimulatedJob], group: SimulatedGroup, rules: list[Policy]
) -> None:
    outcome = run(jobs, group, rules, seconds=7200)

    assert all(0 <= lifetime.launched <= lifetime.ended <= 7200 for lifetime in outcome.lifetimes)
    assert all(lifetime.busy <= lifetime.ended - lifetime.launched + 1e-6 for lifetime in outcome.lifetimes)
    worked = sum(
        min(job.seconds, 7200 - job.arrives - wait) for job, (_, wait) in zip(jobs, outcome.waits, strict=True)
    )
    busy = sum(lifetime.busy for lifetime in outcome.lifetimes)
    assert busy <= worked + 1e-6
    assert worked <= busy * group.concurrency + 1e-6


@given(loads, groups(), policies())
def test_jobs_start_in_order_of_arrival(jobs: list[SimulatedJob], group: SimulatedGroup, rules: list[Policy]) -> None:
    started = [arrives + wait for arrives, wait in run(jobs, group, rules, seconds=7200).waits]

    assert all(one <= other + 1e-6 for one, other in zip(started, started[1:], strict=False))


@given(st.integers(0, 2**32), st.lists(st.floats(0, 4), min_size=2, max_size=5), groups(), policies())
def test_same_seed_gives_the_same_result(
    seed: int, rates: list[float], group: SimulatedGroup, rules: list[Policy]
) -> None:
    points = tuple((1800.0 * number, rate) for number, rate in enumerate(rates))
    curve = LoadCurve(title="any", why="", starts=0, points=points)

    def run_once() -> SimulationResult:
        return run(draw(curve, [20.0, 30.0], seed=seed), group, rules, seconds=curve.seconds)

    assert run_once() == run_once()
    # Arrivals do not depend on durations.
    assert [job.arrives for job in draw(curve, [5.0], seed=seed)] == [
        job.arrives for job in draw(curve, [20.0, 30.0], seed=seed)
    ]
