"""DatabaseMonitoring: high CPU, low storage, many connections, or down."""

from __future__ import annotations

from typing import Any

import pytest
from alarms import Alarms, alarms, template
from once import once
from scenes import network
from syrupy.assertion import SnapshotAssertion

from constructs_lib import DatabaseMonitoring, PostgresDatabase
from constructs_lib.testing import Template
from constructs_lib.testing.cloudwatch import ALARM, AS_BEFORE, OK, state

GIB = 1024**3


@once
def monitoring(storage_gib: int = 20, **changes: Any) -> Template:
    arguments = {"name": "shop-db", **changes}

    def build(stack: Any, topic: Any) -> DatabaseMonitoring:
        database = PostgresDatabase(
            stack,
            "database",
            network=network(stack),
            name="shop",
            database="shop",
            username="shop",
            storage_gib=storage_gib,
        )
        return DatabaseMonitoring(stack, "monitoring", database=database, on_alarm=topic, **arguments)

    return template(build)


@pytest.fixture
def database_alarms() -> Alarms:
    return alarms(monitoring(), "shop-db")


@pytest.mark.snapshot
def test_database_monitoring(recorded: SnapshotAssertion) -> None:
    resources = monitoring().readable()["resource"]

    assert {kind: resources[kind] for kind in resources if kind.startswith("aws_cloudwatch")} == recorded


def test_alarm_names(database_alarms: Alarms) -> None:
    assert set(database_alarms) == {"high-cpu", "low-storage", "high-connections"}


@pytest.mark.parametrize(
    ("cpu", "expected"),
    [
        ([81] * 10, ALARM),
        ([80] * 10, OK),
        ([100] * 5 + [20] * 5, OK),
        ([None] * 10, ALARM),
        ([20] * 5 + [None] * 5, OK),
    ],
    ids=["busy", "at the threshold", "a burst", "down", "failing over"],
)
def test_high_cpu_or_no_data(database_alarms: Alarms, cpu: list[float], expected: str) -> None:
    assert state(database_alarms["high-cpu"], {"CPUUtilization": cpu}) == expected


@pytest.mark.parametrize(
    ("free", "expected"),
    [([9 * GIB] * 4 + [2 * GIB - 1], ALARM), ([2 * GIB] * 5, OK), ([None] * 5, AS_BEFORE)],
    ids=["less than 2 GiB", "at the threshold", "no data"],
)
def test_low_storage(database_alarms: Alarms, free: list[float], expected: str) -> None:
    assert state(database_alarms["low-storage"], {"FreeStorageSpace": free}) == expected


def test_large_disk_alarms_earlier() -> None:
    large = alarms(monitoring(storage_gib=100), "shop-db")["low-storage"]

    assert state(large, {"FreeStorageSpace": [10 * GIB - 1] * 5}) == ALARM
    assert state(large, {"FreeStorageSpace": [10 * GIB] * 5}) == OK


@pytest.mark.parametrize(
    ("connections", "expected"),
    [([81] * 10, ALARM), ([80] * 10, OK), ([None] * 10, AS_BEFORE)],
    ids=["81 of 100", "at the threshold", "no data"],
)
def test_high_connections(database_alarms: Alarms, connections: list[float], expected: str) -> None:
    assert state(database_alarms["high-connections"], {"DatabaseConnections": connections}) == expected
