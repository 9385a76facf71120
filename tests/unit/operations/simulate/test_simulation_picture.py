"""The table and the picture of a comparison: what is told, where it is drawn, and that anybody can read it."""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree as ElementTree

import pytest

from constructs_lib.messaging.backlog_scaling import BACKLOG
from operations.simulate import picture, svg, table
from operations.simulate.comparison import RAW_DEPTH, Assumed, Comparison, compare
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
    at_first=1,
    jobs_at_once=1,
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
ASSUMED = Assumed(job_seconds=(20.0, 30.0), boot_seconds=90, seed=3)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(LOAD, WORKERS, ASSUMED)


def test_each_meets_the_same_videos_within_its_bounds(comparison: Comparison) -> None:
    names = [each.name for each in comparison.contenders]
    deployed, raw, always = (each.outcome for each in comparison.contenders)

    assert names == ["deployed", "raw depth", "always 4"]
    assert [arrives for arrives, _ in deployed.waits] == [arrives for arrives, _ in raw.waits]
    assert [arrives for arrives, _ in deployed.waits] == [arrives for arrives, _ in always.waits]
    assert always.changes == () and always.hours == 4 * 4
    assert deployed.changes and raw.changes
    assert raw.changes != deployed.changes


def test_the_first_versions_policy_is_the_contracts() -> None:
    assert (RAW_DEPTH.expression, RAW_DEPTH.metrics) == ("waiting", {"waiting": "ApproximateNumberOfMessagesVisible"})
    assert (RAW_DEPTH.target, RAW_DEPTH.warmup) == (10, 180)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"boot_seconds": 601.0},
            (
                "A boot takes 601 s; allowed are up to 600 s: then the launching hook of somewhere gives an instance "
                "up, and none ever works. To mend it: raise QueueWorkers' startup_timeout"
            ),
        ),
        (
            {"job_seconds": (20.0, 681.0)},
            (
                "A job takes 681 s; allowed are up to 680 s: that long the terminating hook of somewhere waits for a "
                "leaving instance. To mend it: raise max_job_seconds"
            ),
        ),
    ],
)
def test_what_a_hook_would_cut_off_is_refused(changes: dict[str, float], said: str) -> None:
    with pytest.raises(UserError) as refused:
        compare(LOAD, WORKERS, dataclasses.replace(ASSUMED, **changes))
    assert refused.value.message == said


def test_the_table_is_what_the_outcomes_are(comparison: Comparison) -> None:
    head, _, *rows = (
        [cell.strip() for cell in line.strip("|").split("|")] for line in markdown(comparison).splitlines()
    )

    assert head == ["", "half", "95 %", "longest", "late", "queue", "most", "hours", "$"]
    for row, each in zip(rows, comparison.contenders, strict=True):
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


def test_the_words_say_what_was_assumed(comparison: Comparison) -> None:
    count = len(comparison.contenders[0].outcome.waits)

    assert table.words(comparison) == (
        f"Cali < Bogotá & all: {count:,} uploads in 4 h, up to 9 a minute. A job takes 20 to 30 s, 25.0 s on average, "
        "a boot 90.0 s."
    )
    always = dataclasses.replace(ASSUMED, job_seconds=(25.0,))
    assert "A job takes 25.0 s, a boot" in table.words(compare(LOAD, WORKERS, always))
    assert table.legend(WORKERS).splitlines()[0] == (
        "The workers of somewhere: 1 to 4 t3.small at $0.027 an hour, and $0.05 for an hour of a processor beyond its "
        "baseline."
    )
    plain = dataclasses.replace(WORKERS, price=Price(hour=0.1))
    assert table.legend(plain).splitlines()[0].endswith("t3.small at $0.100 an hour.")


def test_who_leaves_work_undone_is_told(comparison: Comparison) -> None:
    assert table.unfinished(comparison) == []
    few = dataclasses.replace(WORKERS, maximum=1)
    late = compare(dataclasses.replace(LOAD, points=((0.0, 9.0), (3600.0, 9.0))), few, ASSUMED)
    deployed = late.contenders[0].outcome
    assert table.unfinished(late)[0] == (
        f"deployed: {deployed.waiting} still wait when it ends; their waits count until then."
    )


@pytest.mark.parametrize(
    ("seconds", "said"),
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
def test_durations_are_said_as_people_do(seconds: float | None, said: str) -> None:
    assert table.duration(seconds) == said


def test_the_picture_is_told_to_those_who_cannot_see_it(comparison: Comparison) -> None:
    root = ElementTree.fromstring(picture.draw(comparison))
    ids = {each.get("id"): each.text for each in root}

    assert root.get("role") == "img"
    assert [ids[name] for name in (root.get("aria-labelledby") or "").split()] == [
        "Cali < Bogotá & all: what becomes of the workers",
        picture.described(comparison),
    ]
    for each in comparison.contenders:
        assert f"{each.name}: half of the videos wait" in picture.described(comparison)


def test_every_graph_has_a_title_and_both_scales_and_every_contender(comparison: Comparison) -> None:
    root = ElementTree.fromstring(picture.draw(comparison))
    words = [each.text for each in root.iter(f"{SVG}text")]

    for title in ("Uploads a minute", "Videos that wait", "Instances", "Longest wait of those that arrive then, in"):
        assert len([word for word in words if word and word.startswith(title)]) == 1
    # The load begins at 22:00: its clock passes midnight, in each of four graphs.
    assert [words.count(clock) for clock in ("22:00", "23:00", "0:00", "1:00", "2:00")] == [4] * 5
    lines = [each.get("class") for each in root.iter(f"{SVG}path")]
    # Three graphs and the legend.
    assert [lines.count(f"c{number}") for number in range(3)] == [4] * 3


@pytest.mark.parametrize("load", [LOAD, NOTHING])
def test_nothing_is_drawn_outside_of_the_picture(load: LoadCurve) -> None:
    root = ElementTree.fromstring(picture.draw(compare(load, WORKERS, ASSUMED)))
    _, _, width, height = (float(each) for each in (root.get("viewBox") or "").split())

    for path in root.iter(f"{SVG}path"):
        for x, y in re.findall(r"[ML](\S+) (\S+?)(?=[LZ]|$)", path.get("d") or ""):
            assert 0 <= float(x) <= width and 0 <= float(y) <= height
    for word in root.iter(f"{SVG}text"):
        assert 0 <= float(word.get("x") or -1) <= width and 0 <= float(word.get("y") or -1) <= height


def test_the_queue_is_drawn_where_its_numbers_are(comparison: Comparison) -> None:
    root = ElementTree.fromstring(picture.draw(comparison))
    paths = [each for each in root.iter(f"{SVG}path") if each.get("class") == "c0"]
    heights = [float(y) for y in re.findall(r"[ML]\S+ (\S+?)(?=[LZ]|$)", paths[1].get("d") or "")]
    marks = svg.ticks(max(each.outcome.longest_queue for each in comparison.contenders))
    panel = 110

    # From the axis up to the longest queue, by the scale of the graph.
    longest = comparison.contenders[0].outcome.longest_queue
    assert max(heights) - min(heights) == pytest.approx(panel * longest / marks[-1], abs=0.1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_their_ground(comparison: Comparison, scheme: str) -> None:
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

    # WCAG 2.2: 4.5 for words (1.4.3), 3 for what else has a meaning (1.4.11).
    assert all(contrast(name, "fill") >= 4.5 for name in ("ink", "soft"))
    assert all(contrast(f"c{number}", "stroke") >= 3 for number in range(3))
    assert all(contrast(f"b{number}", "fill") >= 3 for number in range(3))


@pytest.mark.parametrize(
    ("highest", "marks"),
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
def test_scales_have_few_and_round_marks(highest: float, marks: list[float]) -> None:
    assert svg.ticks(highest) == pytest.approx(marks)


def test_what_is_written_into_a_picture_is_escaped() -> None:
    assert svg.text(1, 2.5, 'a < "b" & c') == '<text x="1" y="2.5">a &lt; "b" &amp; c</text>'
    assert svg.element("rect", _class='"', stroke_width=1.0) == '<rect class="&quot;" stroke-width="1"/>'


def test_stairs_go_on_level_and_say_nothing_twice() -> None:
    drawn = svg.stairs([(0.0, 1.0), (1.0, 1.0), (2.0, 3.0), (3.0, 3.0)])
    assert drawn == '<path d="M0 1L2 1L2 3L3 3"/>'
