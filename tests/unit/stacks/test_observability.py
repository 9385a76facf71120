"""The alarms of ANB, their recipients and the dashboard."""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Callable

from constructs_lib.testing import Template

App = dict[str, Template]
ROOT = pathlib.Path(__file__).resolve().parents[3]

ALARMS = {
    "sqs-queue-depth-high",
    "sqs-message-age-high",
    "sqs-dlq-messages",
    "rds-high-cpu",
    "rds-low-storage",
    "rds-high-connections",
    "asg-high-cpu",
    "unhealthy-hosts",
    "high-response-time",
    "worker-asg-high-cpu",
    "worker-asg-low-capacity",
}
"""Names of the first version's alarms."""

MORE_ALARMS = {"server-errors", "asg-launches-failing", "worker-asg-launches-failing", "videos-given-up"}


def test_alarms_keep_their_names(production: App) -> None:
    names = {
        each["alarm_name"] for each in production["observability"].resources("aws_cloudwatch_metric_alarm").values()
    }

    assert names == {f"anb-production-{alarm}" for alarm in ALARMS | MORE_ALARMS}


def test_alarms_page_lists_every_alarm(production: App) -> None:
    text = (ROOT / "docs/alarms.md").read_text()
    documented = re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE)

    assert set(documented) == ALARMS | MORE_ALARMS | {"voters-affected"}


def test_voters_affected_combines_three_alarms(production: App) -> None:
    composite = production["observability"].one("aws_cloudwatch_composite_alarm")

    assert composite["alarm_name"] == "anb-production-voters-affected"
    assert composite["alarm_rule"].count("ALARM(") == 3


def test_queue_thresholds_follow_from_the_settings(synthesize: Callable[..., App]) -> None:
    def threshold(name: str) -> float:
        template = synthesize(worker_acceptable_wait=500, max_job_seconds=100, worker_max_size=2)["observability"]
        (alarm,) = template.matching("aws_cloudwatch_metric_alarm", alarm_name=f"anb-production-{name}")
        return float(alarm["threshold"])

    assert threshold("sqs-message-age-high") == 500 + 100 + 300, "acceptable wait, longest job, startup of a worker"
    assert threshold("sqs-queue-depth-high") == 2 * 500 / 25, "what two workers start within the acceptable wait"


def test_dashboard_shows_every_alarm(production: App) -> None:
    template = production["observability"]
    (status, *graphs) = json.loads(template.one("aws_cloudwatch_dashboard")["dashboard_body"])["widgets"]

    assert len(status["properties"]["alarms"]) == len(template.resources("aws_cloudwatch_metric_alarm"))
    assert [graph["properties"]["title"].split(" (")[0] for graph in graphs] == [
        *("Traffic", "Errors", "Response time", "Instances"),
        *("Queue", "Oldest message", "Dead letters"),
        *("Workers", "Workers' CPU", "Videos"),
        *("Database CPU", "Database connections", "Database storage"),
        "Cost",
    ]


def test_dashboard_is_ordered_from_traffic_to_cost(production: App) -> None:
    graphs = json.loads(production["observability"].one("aws_cloudwatch_dashboard")["dashboard_body"])["widgets"][1:]
    graphs_in_order = sorted(graphs, key=lambda graph: (graph["y"], graph["x"]))
    titles = [graph["properties"]["title"] for graph in graphs_in_order]
    order = ["Traffic", "Errors", "Response time", "Queue", "Workers", "Database", "Cost"]

    positions = [next(index for index, title in enumerate(titles) if title.startswith(part)) for part in order]
    assert positions == sorted(positions), titles


def test_cost_is_read_from_us_east_1(synthesize: Callable[..., App]) -> None:
    template = synthesize(aws_region="eu-west-1")["observability"]
    graphs = json.loads(template.one("aws_cloudwatch_dashboard")["dashboard_body"])["widgets"][1:]

    assert {graph["properties"]["region"] for graph in graphs[:-1]} == {"eu-west-1"}
    assert graphs[-1]["properties"]["metrics"][0][:2] == ["AWS/Billing", "EstimatedCharges"]
    assert graphs[-1]["properties"]["region"] == "us-east-1"


def test_alarm_matches_the_metric_that_the_portal_logs(production: App) -> None:
    # Imported here because the cdktn lane runs this file without the services' packages.
    from services.shared.emf_metrics import NAMESPACE, EmfMetrics

    (alarm,) = production["observability"].matching("aws_cloudwatch_metric_alarm", namespace=NAMESPACE)
    metrics = EmfMetrics(environment="anb-production", service="portal")
    metrics.count(alarm["metric_name"])
    entry = metrics.take()

    assert entry is not None
    (directive,) = entry["_aws"]["CloudWatchMetrics"]
    assert alarm["dimensions"] == {name: entry[name] for name in directive["Dimensions"][0]}


def test_one_dead_letter_triggers_the_alarm(production: App) -> None:
    (alarm,) = production["observability"].matching(
        "aws_cloudwatch_metric_alarm", alarm_name="anb-production-sqs-dlq-messages"
    )

    assert (alarm["comparison_operator"], alarm["threshold"]) == ("GreaterThanOrEqualToThreshold", 1)


def test_no_data_on_workers_alarms_only_with_a_minimum(synthesize: Callable[..., App]) -> None:
    def missing_data_treatment(**changes: int) -> str:
        (alarm,) = synthesize(**changes)["observability"].matching(
            "aws_cloudwatch_metric_alarm", alarm_name="anb-production-worker-asg-low-capacity"
        )
        return str(alarm["treat_missing_data"])

    assert missing_data_treatment() == "breaching"
    assert missing_data_treatment(worker_min_size=0, worker_desired_capacity=0) == "notBreaching"


def test_alarms_notify_the_configured_address(synthesize: Callable[..., App]) -> None:
    template = synthesize(alarm_email="duty@anb.example")["observability"]

    assert template.one("aws_sns_topic_subscription")["endpoint"] == "duty@anb.example"
    actions = {len(each["alarm_actions"]) for each in template.resources("aws_cloudwatch_metric_alarm").values()}
    assert actions == {1}
    assert len(template.one("aws_cloudwatch_composite_alarm")["alarm_actions"]) == 1
