"""DatabaseMonitoring: out of breath, out of disk, out of connections, or gone."""

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
def made(storage_gib: int = 20, **changes: Any) -> Template:
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
def watching() -> Alarms:
    return alarms(made(), "shop-db")


@pytest.mark.snapshot
def test_database_monitoring(recorded: SnapshotAssertion) -> None:
    shown = made().readable()["resource"]

    assert {kind: shown[kind] for kind in shown if kind.startswith("aws_cloudwatch")} == recorded


def test_the_names(watching: Alarms) -> None:
    assert set(watching) == {"high-cpu", "low-storage", "high-connections"}


@pytest.mark.parametrize(
    ("cpu", "expected"),
    [
        ([81] * 10, ALARM),
        ([80] * 10, OK),
        ([100] * 5 + [20] * 5, OK),
        ([None] * 10, ALARM),
        ([20] * 5 + [None] * 5, OK),
    ],
    ids=["busy", "just not", "a burst", "down", "failing over"],
)
def test_out_of_breath_or_gone(watching: Alarms, cpu: list[float], expected: str) -> None:
    assert state(watching["high-cpu"], {"CPUUtilization": cpu}) == expected


@pytest.mark.parametrize(
    ("free", "expected"),
    [([9 * GIB] * 4 + [2 * GIB - 1], ALARM), ([2 * GIB] * 5, OK), ([None] * 5, AS_BEFORE)],
    ids=["less than 2 GiB", "just enough", "silent"],
)
def test_out_of_disk(watching: Alarms, free: list[float], expected: str) -> None:
    assert state(watching["low-storage"], {"FreeStorageSpace": free}) == expected


def test_a_large_disk_tells_earlier() -> None:
    large = alarms(made(storage_gib=100), "shop-db")["low-storage"]

    assert state(large, {"FreeStorageSpace": [10 * GIB - 1] * 5}) == ALARM
    assert state(large, {"FreeStorageSpace": [10 * GIB] * 5}) == OK


@pytest.mark.parametrize(
    ("taken", "expected"),
    [([81] * 10, ALARM), ([80] * 10, OK), ([None] * 10, AS_BEFORE)],
    ids=["81 of 100", "just not", "silent"],
)
def test_out_of_connections(watching: Alarms, taken: list[float], expected: str) -> None:
    assert state(watching["high-connections"], {"DatabaseConnections": taken}) == expected
