"""Evaluate a synthesized alarm's condition on sample data, as CloudWatch does.

    alarm = synth(shop).has("aws_cloudwatch_metric_alarm", alarm_name="shop-cpu")
    assert state(alarm, {"CPUUtilization": [20, 95, 95]}) == ALARM

Aggregation, expressions, comparison and missing data follow CloudWatch's documentation, except that only the newest
points are evaluated; CloudWatch also uses older points in place of missing ones.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

import ast
import operator
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

ALARM, OK, NO_DATA, AS_BEFORE = "ALARM", "OK", "INSUFFICIENT_DATA", "as before"

Value = float | None
"""A data point of a metric or an expression; ``None`` if it is missing."""

Samples = Mapping[str, Sequence[Value]]
"""One sample per minute of each metric, by the metric's name, newest last; ``None`` is a minute without data."""

_AGGREGATE: dict[str, Callable[[list[float]], float]] = {
    "Average": statistics.fmean,
    "Sum": sum,
    "Minimum": min,
    "Maximum": max,
    "SampleCount": len,
}
_COMPARE = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_ARITHMETIC: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISON: dict[type[ast.cmpop], Callable[[float, float], float]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_MISSING = {"breaching": ALARM, "notBreaching": OK, "ignore": AS_BEFORE, "missing": NO_DATA}


def evaluate(expression: str, **metrics: Value) -> Value:
    """Evaluate a metric math expression for one data point: arithmetic, comparison, ``FILL`` and ``IF``.

    An operation with a missing value is missing; ``FILL`` replaces missing values; ``IF`` evaluates only the selected
    branch. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html

    Args:
        expression: expression of an alarm or a scaling policy.
        metrics: value of each metric in the expression.

    Raises:
        AssertionError: if the expression has an unsupported operation.
    """

    def value(node: ast.expr) -> Value:
        match node:
            case ast.Constant(value=float() | int() as number):
                return float(number)
            case ast.Name(id=name):
                return metrics[name]
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return _combine(value(left), value(right), _ARITHMETIC[type(op)])
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISON:
                return _combine(value(left), value(right), _COMPARISON[type(op)])
            case ast.Call(func=ast.Name(id="FILL"), args=[metric, default]):
                filled = value(metric)
                return value(default) if filled is None else filled
            case ast.Call(func=ast.Name(id="IF"), args=[condition, then, otherwise]):
                result = value(condition)
                return None if result is None else value(then if result else otherwise)
        raise AssertionError(f"unsupported metric math: {ast.unparse(node)}")

    return value(ast.parse(expression, mode="eval").body)


def _combine(left: Value, right: Value, compute: Callable[[float, float], float]) -> Value:
    if left is None or right is None or (compute is operator.truediv and not right):
        # CloudWatch drops the points of a division by zero.
        return None
    return float(compute(left, right))


def _aggregate(samples: Sequence[Value], statistic: str, minutes: int, count: int) -> list[Value]:
    """Return the newest ``count`` points, oldest first."""
    assert len(samples) >= minutes * count, f"{minutes * count} minutes of samples are required"
    newest = samples[len(samples) - minutes * count :]
    windows = [newest[start : start + minutes] for start in range(0, len(newest), minutes)]
    values = [[sample for sample in window if sample is not None] for window in windows]
    return [_AGGREGATE[statistic](window) if window else None for window in values]


def _points(alarm: Mapping[str, Any], samples: Samples) -> list[Value]:
    """Return the points that the alarm evaluates."""
    count = alarm["evaluation_periods"]
    queries = alarm.get("metric_query")
    if not queries:
        return _aggregate(samples[alarm["metric_name"]], alarm["statistic"], alarm["period"] // 60, count)
    (result,) = [each for each in queries if each.get("return_data")]
    parts = {
        each["id"]: _aggregate(
            samples[each["metric"]["metric_name"]], each["metric"]["stat"], each["metric"]["period"] // 60, count
        )
        for each in queries
        if each is not result
    }
    return [evaluate(result["expression"], **{id: part[index] for id, part in parts.items()}) for index in range(count)]


def state(alarm: Mapping[str, Any], samples: Samples) -> str:
    """Return an alarm's state after these samples: ``ALARM``, ``OK``, ``NO_DATA`` or ``AS_BEFORE``.

    Args:
        alarm: an ``aws_cloudwatch_metric_alarm``, as returned by ``Template.one``.
        samples: samples of the alarm's evaluation window.
    """
    compare = _COMPARE[alarm["comparison_operator"]]
    states = [
        _MISSING[alarm["treat_missing_data"]]
        if point is None
        else (ALARM if compare(point, alarm["threshold"]) else OK)
        for point in _points(alarm, samples)
    ]
    if OK in states:
        return OK
    if set(states) == {ALARM}:
        return ALARM
    return NO_DATA if NO_DATA in states else AS_BEFORE


def composite_state(alarm: Mapping[str, Any], states: Mapping[str, str]) -> str:
    """Return the state of a composite alarm that is in alarm while any of its alarms is.

    Args:
        alarm: an ``aws_cloudwatch_composite_alarm``.
        states: states of the other alarms, by name.
    """
    terms = alarm["alarm_rule"].split(" OR ")
    names = [re.fullmatch(r'ALARM\("([^"]+)"\)', term) for term in terms]
    assert all(names), alarm["alarm_rule"]
    return ALARM if any(states[name.group(1)] == ALARM for name in names if name) else OK
