"""What CloudWatch would say: a synthesized alarm's condition, run over made-up samples.

    alarm = synth(shop).has("aws_cloudwatch_metric_alarm", alarm_name="shop-cpu")
    assert state(alarm, {"CPUUtilization": [20, 95, 95]}) == ALARM

It aggregates, computes expressions, compares and treats missing points as CloudWatch's documentation says, but looks at
the newest points alone, where CloudWatch also takes older ones in place of missing ones.
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
"""A point of a metric or an expression; ``None`` where there is none."""

Samples = Mapping[str, Sequence[Value]]
"""One sample a minute of each metric, by the metric's name, the newest last; ``None`` is a minute without any."""

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
    """One moment of a metric math expression: arithmetic, comparison, ``FILL`` and ``IF``.

    What is computed with a missing value is missing; ``FILL`` puts a value in its place, ``IF`` looks only at the
    branch it takes. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html

    Args:
        expression: what the alarm or the policy holds.
        metrics: the value of each metric it names.

    Raises:
        AssertionError: it holds what this function does not know.
    """

    def value(node: ast.expr) -> Value:
        match node:
            case ast.Constant(value=float() | int() as number):
                return float(number)
            case ast.Name(id=name):
                return metrics[name]
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return _both(value(left), value(right), _ARITHMETIC[type(op)])
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISON:
                return _both(value(left), value(right), _COMPARISON[type(op)])
            case ast.Call(func=ast.Name(id="FILL"), args=[filled, instead]):
                found = value(filled)
                return value(instead) if found is None else found
            case ast.Call(func=ast.Name(id="IF"), args=[condition, then, otherwise]):
                held = value(condition)
                return None if held is None else value(then if held else otherwise)
        raise AssertionError(f"no metric math: {ast.unparse(node)}")

    return value(ast.parse(expression, mode="eval").body)


def _both(left: Value, right: Value, compute: Callable[[float, float], float]) -> Value:
    if left is None or right is None or (compute is operator.truediv and not right):
        # CloudWatch drops the points of a division by zero.
        return None
    return float(compute(left, right))


def _aggregated(samples: Sequence[Value], statistic: str, minutes: int, count: int) -> list[Value]:
    """The newest ``count`` points, the oldest first."""
    assert len(samples) >= minutes * count, f"give {minutes * count} minutes, the alarm looks that far back"
    newest = samples[len(samples) - minutes * count :]
    windows = [newest[start : start + minutes] for start in range(0, len(newest), minutes)]
    present = [[each for each in window if each is not None] for window in windows]
    return [_AGGREGATE[statistic](window) if window else None for window in present]


def _points(alarm: Mapping[str, Any], samples: Samples) -> list[Value]:
    """The points the alarm looks at."""
    count = alarm["evaluation_periods"]
    queries = alarm.get("metric_query")
    if not queries:
        return _aggregated(samples[alarm["metric_name"]], alarm["statistic"], alarm["period"] // 60, count)
    (result,) = [each for each in queries if each.get("return_data")]
    parts = {
        each["id"]: _aggregated(
            samples[each["metric"]["metric_name"]], each["metric"]["stat"], each["metric"]["period"] // 60, count
        )
        for each in queries
        if each is not result
    }
    return [evaluate(result["expression"], **{id: part[index] for id, part in parts.items()}) for index in range(count)]


def state(alarm: Mapping[str, Any], samples: Samples) -> str:
    """The state an alarm is in after these samples: ``ALARM``, ``OK``, ``NO_DATA`` or ``AS_BEFORE``.

    Args:
        alarm: an ``aws_cloudwatch_metric_alarm``, as ``Template.one`` gives it.
        samples: the minutes it looks back on.
    """
    compare = _COMPARE[alarm["comparison_operator"]]
    judged = [
        _MISSING[alarm["treat_missing_data"]] if each is None else (ALARM if compare(each, alarm["threshold"]) else OK)
        for each in _points(alarm, samples)
    ]
    if OK in judged:
        return OK
    if set(judged) == {ALARM}:
        return ALARM
    return NO_DATA if NO_DATA in judged else AS_BEFORE


def composite_state(alarm: Mapping[str, Any], states: Mapping[str, str]) -> str:
    """The state of a composite alarm that is on while any of others is.

    Args:
        alarm: an ``aws_cloudwatch_composite_alarm``.
        states: the states of the others, by their names.
    """
    words = alarm["alarm_rule"].split(" OR ")
    names = [re.fullmatch(r'ALARM\("([^"]+)"\)', word) for word in words]
    assert all(names), alarm["alarm_rule"]
    return ALARM if any(states[name.group(1)] == ALARM for name in names if name) else OK
