"""Metrics as log lines in the embedded metric format, exactly as its specification says."""

from __future__ import annotations

import json
import time

import pytest
from jsonschema import Draft202012Validator
from structlog.testing import capture_logs

from services.shared.emf_metrics import EmfMetrics

UNITS = [
    "Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits",
    "Kilobits", "Megabits", "Gigabits", "Terabits", "Percent", "Count", "Bytes/Second", "Kilobytes/Second",
    "Megabytes/Second", "Gigabytes/Second", "Terabytes/Second", "Bits/Second", "Kilobits/Second", "Megabits/Second",
    "Gigabits/Second", "Terabits/Second", "Count/Second", "None",
]  # fmt: skip
SPECIFICATION = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer"},
                "CloudWatchMetrics": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["Namespace", "Dimensions", "Metrics"],
                        "properties": {
                            "Namespace": {"type": "string", "minLength": 1, "maxLength": 1024},
                            "Dimensions": {
                                "type": "array",
                                "minItems": 1,
                                "items": {
                                    "type": "array",
                                    "maxItems": 30,
                                    "items": {"type": "string", "minLength": 1, "maxLength": 250},
                                },
                            },
                            "Metrics": {
                                "type": "array",
                                "maxItems": 100,
                                "items": {
                                    "type": "object",
                                    "required": ["Name"],
                                    "properties": {
                                        "Name": {"type": "string", "minLength": 1, "maxLength": 1024},
                                        "Unit": {"enum": UNITS},
                                        "StorageResolution": {"enum": [1, 60]},
                                    },
                                },
                            },
                        },
                    },
                },
            },
        }
    },
}
"""Rules of the specification's JSON schema."""


@pytest.fixture
def metrics() -> EmfMetrics:
    return EmfMetrics("production", "worker")


def check(line: dict[str, object]) -> None:
    Draft202012Validator(SPECIFICATION).validate(line)
    assert json.loads(json.dumps(line)) == line
    (directive,) = line["_aws"]["CloudWatchMetrics"]  # type: ignore[index]
    # Dimensions are text members of the line; metrics are numbers or lists of at most a hundred numbers.
    for dimensions in directive["Dimensions"]:
        assert all(isinstance(line[name], str) for name in dimensions)
    for metric in directive["Metrics"]:
        value = line[metric["Name"]]
        assert all(isinstance(one, int | float) for one in (value if isinstance(value, list) else [value]))
        assert not isinstance(value, list) or 0 < len(value) <= 100


def test_line_matches_the_specification(metrics: EmfMetrics) -> None:
    metrics.count("Votes")
    metrics.count("Votes", 2)
    metrics.gauge("OutboxOldest", 1.5, "Seconds")
    metrics.sample("JobSeconds", 24.2501)
    line = metrics.take()
    assert line is not None
    check(line)
    assert (line["Votes"], line["OutboxOldest"], line["JobSeconds"]) == (3, 1.5, [24.25])
    assert (line["environment"], line["service"]) == ("production", "worker")
    assert abs(line["_aws"]["Timestamp"] - time.time() * 1000) < 60_000
    units = {metric["Name"]: metric["Unit"] for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert units == {"Votes": "Count", "OutboxOldest": "Seconds", "JobSeconds": "Seconds"}


def test_counters_are_reset_to_zero(metrics: EmfMetrics) -> None:
    metrics.count("Votes", 7)
    metrics.sample("JobSeconds", 1)
    metrics.take()
    line = metrics.take()
    assert line is not None
    check(line)
    assert line["Votes"] == 0 and "JobSeconds" not in line


def test_line_contains_at_most_a_hundred_samples(metrics: EmfMetrics) -> None:
    for number in range(250):
        metrics.sample("JobSeconds", number)
    line = metrics.take()
    assert line is not None
    check(line)
    assert len(line["JobSeconds"]) == 100


def test_no_values_no_line(metrics: EmfMetrics) -> None:
    with capture_logs() as lines:
        metrics.flush()
    assert lines == []


def test_average_weights_recent_samples(metrics: EmfMetrics) -> None:
    assert metrics.average("JobSeconds") is None
    metrics.sample("JobSeconds", 10)
    assert metrics.average("JobSeconds") == 10
    metrics.sample("JobSeconds", 20)
    metrics.take()
    assert metrics.average("JobSeconds") == 12
