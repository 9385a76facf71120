"""CloudWatch alarms: on one metric or expression, and on several alarms together."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal, get_args

from constructs_lib.foundation import cdk, names
from constructs_lib.foundation.errors import Checks
from constructs_lib.monitoring.alarm_topic import AlarmTopic
from constructs_lib.monitoring.metric import RESULT, Metric, MetricMath

Comparison = Literal[">", ">=", "<", "<="]
Missing = Literal["notBreaching", "breaching", "ignore", "missing"]

DEFAULT_PERIOD = timedelta(minutes=5)
DEFAULT_PERIODS = 1
DEFAULT_MISSING: Missing = "notBreaching"

_OPERATORS = {
    ">": "GreaterThanThreshold",
    ">=": "GreaterThanOrEqualToThreshold",
    "<": "LessThanThreshold",
    "<=": "LessThanOrEqualToThreshold",
}
_STATISTICS = ("Average", "Sum", "Minimum", "Maximum", "SampleCount")
_DAY_SECONDS = 86400


class Alarm(cdk.Construct):
    """An alarm on one metric or expression: ``Alarm(..., metric=cpu, comparison=">", threshold=80)``.

    Args:
        meaning: what is wrong when the alarm goes off; first sentence of the description, without a period.
        action: what the on-call engineer should do; second sentence, without a period.
        metric: metric or expression to watch.
        comparison: breaches when the metric is ``>``, ``>=``, ``<`` or ``<=`` the threshold.
        threshold: threshold in the metric's unit.
        period: length of a data point, a multiple of a minute. Default: 5 minutes.
        periods: consecutive breaching data points that raise the alarm; together at most a day. Default: 1.
        missing: how to treat missing data: ``notBreaching``, ``breaching``, ``ignore`` (keep the state) or ``missing``
            (insufficient data). Default: ``notBreaching``. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
        name: name of the alarm; by default derived from the construct's path.
        on_alarm: topic to notify of both alarm and recovery; by default none.
    """

    def __init__(
        self,
        scope: cdk.Construct,
        id: str,
        *,
        meaning: str,
        action: str,
        metric: Metric | MetricMath,
        comparison: Comparison,
        threshold: float,
        period: timedelta = DEFAULT_PERIOD,
        periods: int = DEFAULT_PERIODS,
        missing: Missing = DEFAULT_MISSING,
        name: str | None = None,
        on_alarm: AlarmTopic | None = None,
    ) -> None:
        checks = Checks(scope, id)
        name = names.alarm(checks, name)
        checks.one_of("comparison", comparison, tuple(_OPERATORS), fix="write the condition that raises the alarm")
        checks.one_of("missing", missing, get_args(Missing), fix="choose how missing data points are treated")
        for part in metric.metrics.values() if isinstance(metric, MetricMath) else [metric]:
            checks.one_of("statistic", part.statistic, _STATISTICS, fix="use Maximum for ages, Sum for counts")
        seconds = int(period.total_seconds())
        if seconds < 60 or seconds % 60:
            raise checks.error(
                "period", period, allowed="whole minutes", fix="use timedelta(minutes=5), the usual choice"
            )
        checks.between("periods", periods, 1, max(1, _DAY_SECONDS // seconds), fix="look back at most one day")
        super().__init__(scope, id)
        alarm = cdk.aws.cloudwatch_metric_alarm.CloudwatchMetricAlarm(
            self,
            "alarm",
            alarm_name=name,
            alarm_description=_description(checks, meaning, action),
            comparison_operator=_OPERATORS[comparison],
            threshold=threshold,
            evaluation_periods=periods,
            treat_missing_data=missing,
            **_metric_arguments(metric, seconds),
            **_actions(on_alarm),
        )
        self.name = name
        self.reference: str = alarm.alarm_name
        """Its name, for resources that must be created after it."""
        self.arn: str = alarm.arn
        self.threshold = threshold
        self._alarm = alarm
        self._describe = functools.partial(_description, checks, meaning, action)

    def link_runbook(self, page: str) -> None:
        """Add a link to a runbook at the end of the alarm's description.

        Args:
            page: path or URL, such as ``docs/incidents/queue-depth-high.md``.
        """
        self._alarm.alarm_description = self._describe(page)


class CompositeAlarm(cdk.Construct):
    """An alarm that is on while any of several alarms is; use it for user-visible symptoms.

    Args:
        meaning: what is wrong when the alarm goes off; first sentence of the description, without a period.
        action: what the on-call engineer should do; second sentence, without a period.
        any_of: the alarms, 1 to 100.
        name: name of the alarm; by default derived from the construct's path.
        on_alarm: topic to notify of both alarm and recovery; by default none.
    """

    def __init__(
        self,
        scope: cdk.Construct,
        id: str,
        *,
        meaning: str,
        action: str,
        any_of: Sequence[Alarm],
        name: str | None = None,
        on_alarm: AlarmTopic | None = None,
    ) -> None:
        checks = Checks(scope, id)
        name = names.alarm(checks, name)
        if not 1 <= len(any_of) <= 100:
            raise checks.error(
                "any_of", len(any_of), allowed="between 1 and 100", fix="list the alarms that users notice"
            )
        super().__init__(scope, id)
        composite = cdk.aws.cloudwatch_composite_alarm.CloudwatchCompositeAlarm(
            self,
            "alarm",
            alarm_name=name,
            alarm_description=_description(checks, meaning, action),
            alarm_rule=" OR ".join(f'ALARM("{alarm.reference}")' for alarm in any_of),
            **_actions(on_alarm),
        )
        self.name = name
        self.reference: str = composite.alarm_name
        """Its name, for resources that must be created after it."""
        self._alarm = composite
        self._describe = functools.partial(_description, checks, meaning, action)

    def link_runbook(self, page: str) -> None:
        """Add a link to a runbook at the end of the alarm's description.

        Args:
            page: path or URL.
        """
        self._alarm.alarm_description = self._describe(page)


def _description(checks: Checks, meaning: str, action: str, page: str | None = None) -> str:
    text = f"{meaning}. {action}." + (f" See {page}" if page else "")
    if len(text) > 1024:
        raise checks.error("meaning", text, allowed="at most 1024 characters with action and page", fix="shorten it")
    return text


def _actions(on_alarm: AlarmTopic | None) -> dict[str, Any]:
    return {"alarm_actions": [on_alarm.arn], "ok_actions": [on_alarm.arn]} if on_alarm else {}


def _metric_arguments(metric: Metric | MetricMath, seconds: int) -> dict[str, Any]:
    if isinstance(metric, Metric):
        return {
            "namespace": metric.namespace,
            "metric_name": metric.name,
            "dimensions": dict(metric.dimensions),
            "statistic": metric.statistic,
            "period": seconds,
        }
    module = cdk.aws.cloudwatch_metric_alarm
    result = module.CloudwatchMetricAlarmMetricQuery(
        id=RESULT, expression=metric.expression, label=metric.label, return_data=True
    )
    parts = [
        module.CloudwatchMetricAlarmMetricQuery(
            id=id,
            label=part.label,
            metric={
                "namespace": part.namespace,
                "metric_name": part.name,
                "dimensions": dict(part.dimensions),
                "stat": part.statistic,
                "period": seconds,
            },
        )
        for id, part in metric.metrics.items()
    ]
    return {"metric_query": [result, *parts]}
