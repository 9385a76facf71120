"""The table and the picture of a comparison: content, positions, and accessibility."""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree as ElementTree

import pytest

from constructs_lib.messaging.backlog_scaling import BACKLOG
from operations.simulate import picture, svg, table
from operations.simulate.comparison import RAW_DEPTH, Assumptions, Comparison, compare
from operations.simulate.curve import LoadCurve
from operations.simulate.deployed import DeployedWorkers, Price
from operations.simulate.page import markdown
from operations.simulate.scaling import INSTANCES, WAITING, TargetTracking
from workspace.errors import UserError

WORKERS = DeployedWorkers(
    environment="somewhere",
    instance_type="t3.small",
    minimum=1,
    maximum=4,
    initial_capacity=1,
    concurrency=1,
    acceptable_wait=250,
    policies=(
        TargetTracking(expression=BACKLOG, metrics={"waiting": WAITING, "instances": INSTANCES}, target=10, warmup=300),
    ),
    launch_timeout=600,
    terminate_timeout=680,
    price=Price(hour=0.027, baseline_vcpus=0.4, surplus_vcpu_hour=0.05),
)
LOAD = LoadCurve(
    title="Cali < Bogotá & all", why="", starts=22 * 3600.0, points=((0.0, 1.0), (3600.0, 9.0), (14_400.0, 0.0))
)
NOTHING = LoadCurve(title="Nothing", why="", starts=0.0, points=((0.0, 0.0), (3600.0, 0.0)))
ASSUMPTIONS = Assumptions(job_seconds=(20.0, 30.0), boot_seconds=90, seed=3)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(LOAD, WORKERS, ASSUMPTIONS)


def test_all_strategies_get_the_same_jobs(comparison: Comparison) -> None:
    names = [each.name for each in comparison.strategies]
    deployed, raw, always = (each.outcome for each in comparison.strategies)

    assert names == ["deployed", "raw depth", "always 4"]
    assert [arrives for arrives, _ in deployed.waits] == [arrives for arrives, _ in raw.waits]
    assert [arrives for arrives, _ in deployed.waits] == [arrives for arrives, _ in always.waits]
    assert always.changes == () and always.hours == 4 * 4
    assert deployed.changes and raw.changes
    assert raw.changes != deployed.changes


def test_first_versions_policy_is_that_of_the_contract() -> None:
    assert (RAW_DEPTH.expression, RAW_DEPTH.metrics) == ("waiting", {"waiting": "ApproximateNumberOfMessagesVisible"})
    assert (RAW_DEPTH.target, RAW_DEPTH.warmup) == (10, 180)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"boot_seconds": 601.0},
            (
                "Boot time is 601 s; must be at most 600 s, the timeout of the launching hook of somewhere. "
                "Fix: raise QueueWorkers' startup_timeout."
            ),
        ),
        (
            {"job_seconds": (20.0, 681.0)},
            (
                "Job time is 681 s; must be at most 680 s, the timeout of the terminating hook of somewhere. "
                "Fix: raise max_job_seconds."
            ),
        ),
    ],
)
def test_time_above_the_hook_timeout_is_an_error(changes: dict[str, float], message: str) -> None:
    with pytest.raises(UserError) as error:
        compare(LOAD, WORKERS, dataclasses.replace(ASSUMPTIONS, **changes))
    assert error.value.message == message


def test_table_shows_the_results(comparison: Comparison) -> None:
    head, _, *rows = (
        [cell.strip() for cell in line.strip("|").split("|")] for line in markdown(comparison).splitlines()
    )

    assert head == ["", "p50", "p95", "max", "late", "queue", "instances", "hours", "$"]
    for row, each in zip(rows, comparison.strategies, strict=True):
        waits = [wait for _, wait in each.outcome.waits]
        assert row == [
            each.name,
            *(table.duration(each.outcome.wait(share)) for share in (0.5, 0.95, 1)),
            f"{100 * len([wait for wait in waits if wait > 250]) / len(waits):.1f}%",
            str(each.outcome.longest_queue),
            str(each.outcome.most_instances),
            f"{each.outcome.hours:.1f}",
            f"{each.dollars:.2f}",
        ]


def test_summary_states_the_assumptions(comparison: Comparison) -> None:
    count = len(comparison.strategies[0].outcome.waits)

    assert table.summary(comparison) == (
        f"Cali < Bogotá & all: {count:,} uploads in 4 h, up to 9 per minute. A job takes 20 to 30 s, 25.0 s on "
        "average, a boot 90.0 s."
    )
    always = dataclasses.replace(ASSUMPTIONS, job_seconds=(25.0,))
    assert "A job takes 25.0 s, a boot" in table.summary(compare(LOAD, WORKERS, always))
    assert table.legend(WORKERS).splitlines()[0] == (
        "Workers of somewhere: 1 to 4 t3.small at $0.027 per hour, plus $0.05 per vCPU hour above the baseline."
    )
    plain = dataclasses.replace(WORKERS, price=Price(hour=0.1))
    assert table.legend(plain).splitlines()[0].endswith("t3.small at $0.100 per hour.")


def test_waiting_videos_at_the_end_are_noted(comparison: Comparison) -> None:
    assert table.unfinished_notes(comparison) == []
    few = dataclasses.replace(WORKERS, maximum=1)
    late = compare(dataclasses.replace(LOAD, points=((0.0, 9.0), (3600.0, 9.0))), few, ASSUMPTIONS)
    deployed = late.strategies[0].outcome
    assert table.unfinished_notes(late)[0] == (
        f"deployed: {deployed.waiting} videos still waiting at the end; their waits count until then."
    )


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, "-"),
        (0, "0 s"),
        (299.4, "299 s"),
        (300, "5 min"),
        (330, "5.5 min"),
        (596, "9.9 min"),
        (598, "10 min"),
        (3599, "60 min"),
        (10_799, "180 min"),
        (10_800, "3 h"),
        (12_600, "3.5 h"),
        (86_400, "24 h"),
    ],
)
def test_durations_are_readable(seconds: float | None, expected: str) -> None:
    assert table.duration(seconds) == expected


def test_picture_has_a_text_alternative(comparison: Comparison) -> None:
    root = ElementTree.fromstring(picture.draw(comparison))
    ids = {each.get("id"): each.text for each in root}

    assert root.get("role") == "img"
    assert [ids[name] for name in (root.get("aria-labelledby") or "").split()] == [
        "Cali < Bogotá & all: simulated worker scaling",
        picture.describe(comparison),
    ]
    for each in comparison.strategies:
        assert f"{each.name}: waiting time" in picture.describe(comparison)


def test_graphs_have_titles_scales_and_all_strategies(comparison: Comparison) -> None:
    root = ElementTree.fromstring(picture.draw(comparison))
    words = [each.text for each in root.iter(f"{SVG}text")]

    for title in ("Uploads per minute", "Waiting videos", "Instances", "Longest wait by arrival time, in"):
        assert len([word for word in words if word and word.startswith(title)]) == 1
    # The load starts at 22:00 and passes midnight, in each of four graphs.
    assert [words.count(clock) for clock in ("22:00", "23:00", "0:00", "1:00", "2:00")] == [4] * 5
    lines = [each.get("class") for each in root.iter(f"{SVG}path")]
    # Three graphs and the legend.
    assert [lines.count(f"c{number}") for number in range(3)] == [4] * 3


@pytest.mark.parametrize("load", [LOAD, NOTHING])
def test_everything_is_drawn_inside_the_picture(load: LoadCurve) -> None:
    root = ElementTree.fromstring(picture.draw(compare(load, WORKERS, ASSUMPTIONS)))
    _, _, width, height = (float(each) for each in (root.get("viewBox") or "").split())

    for path in root.iter(f"{SVG}path"):
        for x, y in re.findall(r"[ML](\S+) (\S+?)(?=[LZ]|$)", path.get("d") or ""):
            assert 0 <= float(x) <= width and 0 <= float(y) <= height
    for word in root.iter(f"{SVG}text"):
        assert 0 <= float(word.get("x") or -1) <= width and 0 <= float(word.get("y") or -1) <= height


def test_queue_is_drawn_to_scale(comparison: Comparison) -> None:
    root = ElementTree.fromstring(picture.draw(comparison))
    paths = [each for each in root.iter(f"{SVG}path") if each.get("class") == "c0"]
    heights = [float(y) for y in re.findall(r"[ML]\S+ (\S+?)(?=[LZ]|$)", paths[1].get("d") or "")]
    marks = svg.ticks(max(each.outcome.longest_queue for each in comparison.strategies))
    panel = 110

    # From the axis up to the longest queue, in the graph's scale.
    longest = comparison.strategies[0].outcome.longest_queue
    assert max(heights) - min(heights) == pytest.approx(panel * longest / marks[-1], abs=0.1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_lines_have_enough_contrast(comparison: Comparison, scheme: str) -> None:
    drawn = picture.draw(comparison)
    light, _, dark = drawn[drawn.index("<style>") : drawn.index("</style>")].partition("@media")
    style = dark if scheme == "dark" else light

    def brightness(name: str, part: str) -> float:
        found = re.search(rf"\.{name}\{{[^}}]*{part}:#(\w{{6}})", style)
        assert found
        channels = [int(found[1][place : place + 2], 16) / 255 for place in (0, 2, 4)]
        linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(name: str, part: str) -> float:
        bright, darker = sorted([brightness(name, part), brightness("ground", "fill")], reverse=True)
        return (bright + 0.05) / (darker + 0.05)

    # WCAG 2.2: 4.5 for text (1.4.3), 3 for meaningful graphics (1.4.11).
    assert all(contrast(name, "fill") >= 4.5 for name in ("ink", "soft"))
    assert all(contrast(f"c{number}", "stroke") >= 3 for number in range(3))
    assert all(contrast(f"b{number}", "fill") >= 3 for number in range(3))


@pytest.mark.parametrize(
    ("peak", "marks"),
    [
        (0, [0, 1]),
        (5e-324, [0, 1]),
        (2e-323, [0, 1]),
        (1, [0, 0.5, 1]),
        (3, [0, 1, 2, 3]),
        (60, [0, 20, 40, 60]),
        (61, [0, 20, 40, 60, 80]),
        (1236, [0, 500, 1000, 1500]),
    ],
)
def test_ticks_are_few_and_round(peak: float, marks: list[float]) -> None:
    assert svg.ticks(peak) == pytest.approx(marks)


def test_text_in_a_picture_is_escaped() -> None:
    assert svg.text(1, 2.5, 'a < "b" & c') == '<text x="1" y="2.5">a &lt; "b" &amp; c</text>'
    assert svg.element("rect", _class='"', stroke_width=1.0) == '<rect class="&quot;" stroke-width="1"/>'


def test_stairs_omit_redundant_points() -> None:
    drawn = svg.stairs([(0.0, 1.0), (1.0, 1.0), (2.0, 3.0), (3.0, 3.0)])
    assert drawn == '<path d="M0 1L2 1L2 3L3 3"/>'
