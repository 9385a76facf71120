"""CloudWatch dashboards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from constructs_lib.foundation import cdk, names, policy, stack_context
from constructs_lib.foundation.errors import Checks
from constructs_lib.monitoring.metric import RESULT, Metric, MetricMath
from constructs_lib.monitoring.monitoring import Graph, Monitoring

_WIDTH = 24
_STATUS_HEIGHT = 3
_GRAPH_HEIGHT = 6


class Dashboard(cdk.Construct):
    """A CloudWatch dashboard: the states of the alarms on top, then a row of graphs per monitoring.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html

    Args:
        parts: the monitorings, from top to bottom; best in the order in which a request passes them.
        name: name of the dashboard; by default derived from the construct's path.
    """

    def __init__(self, scope: cdk.Construct, id: str, *, parts: Sequence[Monitoring], name: str | None = None) -> None:
        checks = Checks(scope, id)
        name = names.dashboard(checks, name)
        region = stack_context.region(scope)
        if not any(part.alarms or part.graphs for part in parts):
            raise checks.error(
                "parts", list(parts), allowed="monitorings with alarms or graphs", fix="pass at least one"
            )
        super().__init__(scope, id)
        arns = [alarm.arn for part in parts for alarm in part.alarms.values()]
        widgets: list[dict[str, object]] = []
        y = 0
        if arns:
            status = {"title": "Alarms", "alarms": arns}
            widgets.append(_widget("alarm", status, x=0, y=y, width=_WIDTH, height=_STATUS_HEIGHT))
            y += _STATUS_HEIGHT
        for part in parts:
            if part.graphs:
                width = _WIDTH // len(part.graphs)
                for index, graph in enumerate(part.graphs):
                    properties = _graph_properties(graph, region)
                    widgets.append(
                        _widget("metric", properties, x=index * width, y=y, width=width, height=_GRAPH_HEIGHT)
                    )
                y += _GRAPH_HEIGHT
        cdk.aws.cloudwatch_dashboard.CloudwatchDashboard(
            self, "dashboard", dashboard_name=name, dashboard_body=policy.canonical({"widgets": widgets})
        )
        self.name = name


def _widget(kind: str, properties: Mapping[str, object], **position: int) -> dict[str, object]:
    return {"type": kind, "properties": properties, **position}


def _graph_properties(graph: Graph, region: str) -> dict[str, object]:
    lines = [line for metric in graph.left for line in _lines(metric, {})]
    lines += [line for metric in graph.right for line in _lines(metric, {"yAxis": "right"})]
    properties: dict[str, object] = {
        "title": graph.title,
        "view": "timeSeries",
        "region": graph.region or region,
        "period": int(graph.period.total_seconds()),
        "metrics": lines,
        "yAxis": {"left": {"min": 0}, "right": {"min": 0}},
    }
    if graph.limits:
        properties["annotations"] = {
            "horizontal": [{"label": alarm.name, "value": alarm.threshold} for alarm in graph.limits]
        }
    return properties


def _lines(metric: Metric | MetricMath, options: Mapping[str, object]) -> list[list[object]]:
    if isinstance(metric, Metric):
        return [_line(metric, {"label": metric.label, **options})]
    hidden = [_line(part, {"id": id, "visible": False}) for id, part in metric.metrics.items()]
    return [[{"id": RESULT, "expression": metric.expression, "label": metric.label, **options}], *hidden]


def _line(metric: Metric, options: Mapping[str, object]) -> list[object]:
    dimensions = [text for pair in metric.dimensions.items() for text in pair]
    return [metric.namespace, metric.name, *dimensions, {"stat": metric.statistic, **options}]
