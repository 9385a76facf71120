"""Dashboard: alarms on top, a row of graphs per monitoring. Monitoring: custom alarms and graphs."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from once import once
from syrupy.assertion import SnapshotAssertion

from constructs_lib import ConstructError, Dashboard, Graph, Metric, MetricMath, Monitoring, Queue, QueueMonitoring
from constructs_lib.foundation import cdk
from constructs_lib.testing import Template, synth

HITS = Metric(namespace="Shop", name="Hits", dimensions={"Cache": "a"}, statistic="Sum", label="hits")
ASKED = Metric(namespace="Shop", name="Asked", dimensions={}, statistic="Sum", label="asked")
RATE = MetricMath(expression="100 * hits / asked", metrics={"hits": HITS, "asked": ASKED}, label="hit rate")


def cache(stack: cdk.TerraformStack) -> Monitoring:
    monitoring = Monitoring(stack, "cache", name="shop-cache")
    low = monitoring.add_alarm(
        "hit-rate-low",
        meaning="The cache is of no use",
        action="Make it larger",
        metric=RATE,
        comparison="<",
        threshold=50,
    )
    monitoring.add_graph(Graph(title="Hit rate (%)", left=[RATE], right=[ASKED], limits=[low]))
    monitoring.add_graph(Graph(title="Hits", left=[HITS], period=timedelta(minutes=1)))
    return monitoring


def orders(stack: cdk.TerraformStack) -> Monitoring:
    queue = Queue(stack, "orders", name="orders", max_job=timedelta(minutes=2))
    return QueueMonitoring(stack, "queue", queue=queue, name="shop-queue", depth=30, oldest=timedelta(minutes=10))


def both(stack: cdk.TerraformStack, **changes: Any) -> None:
    arguments = {"name": "shop", "parts": [cache(stack), orders(stack)], **changes}
    Dashboard(stack, "dashboard", **arguments)


@pytest.fixture
@once
def template() -> Template:
    return synth(both)


def widgets(template: Template) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(template.one("aws_cloudwatch_dashboard")["dashboard_body"])["widgets"]
    return found


@pytest.mark.snapshot
def test_dashboard(recorded: SnapshotAssertion, template: Template) -> None:
    resources = template.readable()["resource"]

    assert {kind: resources[kind] for kind in resources if kind.startswith("aws_cloudwatch")} == recorded


def test_alarm_states_are_on_top(template: Template) -> None:
    status = widgets(template)[0]

    assert (status["type"], status["y"], status["width"]) == ("alarm", 0, 24)
    assert len(status["properties"]["alarms"]) == 4


def test_each_part_fills_one_row(template: Template) -> None:
    rows: dict[int, list[tuple[int, int]]] = {}
    for widget in widgets(template)[1:]:
        rows.setdefault(widget["y"], []).append((widget["x"], widget["width"]))

    assert rows == {3: [(0, 12), (12, 12)], 9: [(0, 8), (8, 8), (16, 8)]}


def test_threshold_is_drawn_on_the_left_axis(template: Template) -> None:
    (graph,) = [each for each in widgets(template) if each["properties"]["title"] == "Hit rate (%)"]

    assert graph["properties"]["annotations"]["horizontal"][0]["value"] == 50


def test_only_the_result_of_an_expression_is_drawn(template: Template) -> None:
    (graph,) = [each for each in widgets(template) if each["properties"]["title"] == "Hit rate (%)"]
    lines = graph["properties"]["metrics"]

    assert lines[0] == [{"expression": "100 * hits / asked", "id": "result", "label": "hit rate"}]
    assert lines[1] == ["Shop", "Hits", "Cache", "a", {"id": "hits", "stat": "Sum", "visible": False}]
    assert lines[3] == ["Shop", "Asked", {"label": "asked", "stat": "Sum", "yAxis": "right"}]


def test_body_is_canonical_json(template: Template) -> None:
    body = template.one("aws_cloudwatch_dashboard")["dashboard_body"]

    assert body == json.dumps(json.loads(body), sort_keys=True, separators=(",", ":"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "the shop"}, r"test/dashboard: name is 'the shop'; must be 1 to 255 characters"),
        ({"parts": []}, r"parts is \[\]; must be monitorings with alarms or graphs\. Fix: pass"),
    ],
)
def test_invalid_arguments_are_rejected(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConstructError, match=message):
        synth(lambda stack: both(stack, **changes))


def test_graph_can_show_another_region() -> None:
    def build(stack: cdk.TerraformStack) -> None:
        cost = Monitoring(stack, "cost", name="shop-cost")
        cost.add_graph(Graph(title="Hits here", left=[HITS]))
        cost.add_graph(Graph(title="Hits there", left=[HITS], region="eu-west-1"))
        Dashboard(stack, "dashboard", name="shop", parts=[cost])

    here, there = (each["properties"]["region"] for each in widgets(synth(build)))

    assert here != there == "eu-west-1"
