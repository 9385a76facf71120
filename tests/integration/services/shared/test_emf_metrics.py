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
"""The rules of the specification's own JSON schema."""


@pytest.fixture
def measures() -> EmfMetrics:
    return EmfMetrics("production", "worker")


def check(line: dict[str, object]) -> None:
    Draft202012Validator(SPECIFICATION).validate(line)
    assert json.loads(json.dumps(line)) == line
    (directive,) = line["_aws"]["CloudWatchMetrics"]  # type: ignore[index]
    # What is named is a member of the line: dimensions are texts, metrics numbers or up to a hundred of them.
    for dimensions in directive["Dimensions"]:
        assert all(isinstance(line[name], str) for name in dimensions)
    for metric in directive["Metrics"]:
        value = line[metric["Name"]]
        assert all(isinstance(one, int | float) for one in (value if isinstance(value, list) else [value]))
        assert not isinstance(value, list) or 0 < len(value) <= 100


def test_a_line_is_as_specified(measures: EmfMetrics) -> None:
    measures.count("Votes")
    measures.count("Votes", 2)
    measures.gauge("OutboxOldest", 1.5, "Seconds")
    measures.sample("JobSeconds", 24.2501)
    line = measures.take()
    assert line is not None
    check(line)
    assert (line["Votes"], line["OutboxOldest"], line["JobSeconds"]) == (3, 1.5, [24.25])
    assert (line["environment"], line["service"]) == ("production", "worker")
    assert abs(line["_aws"]["Timestamp"] - time.time() * 1000) < 60_000
    units = {metric["Name"]: metric["Unit"] for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert units == {"Votes": "Count", "OutboxOldest": "Seconds", "JobSeconds": "Seconds"}


def test_counting_begins_anew_and_zero_is_told(measures: EmfMetrics) -> None:
    measures.count("Votes", 7)
    measures.sample("JobSeconds", 1)
    measures.take()
    line = measures.take()
    assert line is not None
    check(line)
    assert line["Votes"] == 0 and "JobSeconds" not in line


def test_of_many_samples_a_hundred_are_told(measures: EmfMetrics) -> None:
    for number in range(250):
        measures.sample("JobSeconds", number)
    line = measures.take()
    assert line is not None
    check(line)
    assert len(line["JobSeconds"]) == 100


def test_nothing_to_tell_is_no_line(measures: EmfMetrics) -> None:
    with capture_logs() as lines:
        measures.flush()
    assert lines == []


def test_the_average_of_a_sample_follows_the_latest(measures: EmfMetrics) -> None:
    assert measures.average("JobSeconds") is None
    measures.sample("JobSeconds", 10)
    assert measures.average("JobSeconds") == 10
    measures.sample("JobSeconds", 20)
    measures.take()
    assert measures.average("JobSeconds") == 12
