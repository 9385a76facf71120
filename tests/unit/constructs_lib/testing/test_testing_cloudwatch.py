"""Metric math evaluator: missing points, division by zero, unsupported expressions."""

from __future__ import annotations

import pytest

from constructs_lib.testing.cloudwatch import Value, evaluate


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("100 * used / total", 25.0),
        ("total - used + 1", 4.0),
        ("used / missing", None),
        ("used / zero", None),
        ("FILL(missing, 7)", 7.0),
        ("FILL(used, 7)", 1.0),
        ("IF(zero > 0, total / zero, used)", 1.0),
        ("IF(used >= 1, total, zero)", 4.0),
        ("IF(missing > 0, total, zero)", None),
    ],
)
def test_expression(expression: str, result: Value) -> None:
    assert evaluate(expression, used=1, total=4, zero=0, missing=None) == result


@pytest.mark.parametrize("expression", ["RATE(used)", "used ** 2", "'a'"])
def test_unsupported_expression_is_an_error(expression: str) -> None:
    with pytest.raises(AssertionError, match="unsupported metric math: "):
        evaluate(expression, used=1)
