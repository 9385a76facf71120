"""/health, which load balancers ask, and /health/deep, which tells people the truth."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from emulator import aws
from services.environment import PortalEnvironment
from services.portal import create_app
from services.portal.dependency_checks import Inspection
from services.portal.server.shared_flags import SharedFlags
from services.shared.migrate import read_migrations

EXPECTED = len(read_migrations())


def without_moment(answer: Any) -> dict[str, Any]:
    assert datetime.fromisoformat(answer.json["timestamp"]).utcoffset() is not None
    return {**answer.json, "timestamp": ""}


def deep(client: FlaskClient) -> tuple[int, dict[str, Any]]:
    """What the deep check says; on a machine too busy to answer within its second, it is asked again."""
    end = time.monotonic() + 60
    while True:
        answer = client.get("/health/deep")
        told = without_moment(answer)
        if time.monotonic() > end or not any(_is_slow(check["problem"]) for check in told["checks"].values()):
            return answer.status_code, told
        time.sleep(0.5)


def _is_slow(problem: str | None) -> bool:
    return (problem or "").startswith("no answer within")


def test_health_asks_nobody(app_without: Callable[[str], Flask]) -> None:
    answer = app_without("database").test_client().get("/health")
    assert answer.status_code == 200
    assert without_moment(answer) == {"status": "healthy", "timestamp": "", "version": "1.0.0"}


def test_a_stopping_portal_wants_no_requests_and_serves_them_all_the_same(
    portal_environment: PortalEnvironment,
) -> None:
    gate = SharedFlags()
    client = create_app(portal_environment, is_closing=lambda: gate.closing).test_client()
    assert client.get("/health").status_code == 200
    gate.close()
    answer = client.get("/health")
    assert answer.status_code == 503
    assert without_moment(answer) == {"status": "stopping", "timestamp": "", "version": "1.0.0"}
    assert client.get("/api/public/videos").status_code == 200


def test_the_deep_check_tells_of_each_service_and_of_the_release(
    client: FlaskClient, portal_environment: PortalEnvironment
) -> None:
    status, told = deep(client)
    assert status == 200, told
    for check in told["checks"].values():
        assert 0 <= check.pop("ms") <= 1000
    assert told == {
        "status": "healthy",
        "timestamp": "",
        "stopping": False,
        "release": {"hash": portal_environment.release, "version": "development", "commit": "development"},
        "schema": {"version": EXPECTED, "expected": EXPECTED, "ok": True},
        "checks": {name: {"ok": True, "problem": None} for name in ("bucket", "database", "queue")},
    }


@pytest.mark.parametrize(("service", "name"), [("database", "database"), ("sqs", "queue"), ("s3", "bucket")])
def test_the_deep_check_names_what_does_not_answer(
    app_without: Callable[[str], Flask], service: str, name: str
) -> None:
    answer = app_without(service).test_client().get("/health/deep")
    told = answer.json
    assert told is not None
    assert (answer.status_code, told["status"]) == (503, "unhealthy")
    assert name in [check for check, found in told["checks"].items() if not found["ok"]]
    assert told["checks"][name]["problem"]


def test_a_schema_that_is_too_old_is_told(client: FlaskClient, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM schema_migrations WHERE version = :last"), {"last": EXPECTED})
    status, told = deep(client)
    assert status == 503
    assert told["schema"] == {"version": EXPECTED - 1, "expected": EXPECTED, "ok": False}


def test_a_later_releases_schema_is_right(client: FlaskClient, engine: Engine) -> None:
    with engine.begin() as connection:
        next_one = text("INSERT INTO schema_migrations (version, name, checksum) VALUES (:next, 'next', 'x')")
        connection.execute(next_one, {"next": EXPECTED + 1})
    status, told = deep(client)
    assert status == 200
    assert told["schema"] == {"version": EXPECTED + 1, "expected": EXPECTED, "ok": True}


def test_what_hangs_is_told_in_time_and_hangs_one_thread_only() -> None:
    go_on = threading.Event()
    asked: list[str] = []

    def hang() -> None:
        asked.append("hang")
        go_on.wait(60)

    inspection = Inspection({"slow": hang, "quick": lambda: 7})
    found = inspection.findings()
    assert found["slow"].problem == "no answer within 1 s"
    assert (found["quick"].answer, found["quick"].problem) == (7, None)
    inspection._found_at -= 10
    inspection.findings()
    assert asked == ["hang"]
    go_on.set()


def test_many_questions_are_one_round() -> None:
    rounds: list[int] = []
    inspection = Inspection({"count": lambda: rounds.append(1)})
    threads = [threading.Thread(target=inspection.findings) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rounds == [1]


@pytest.mark.own("queue")
def test_a_queue_that_is_gone_is_told_by_name(
    start_app: Callable[[PortalEnvironment], Flask], portal_environment: PortalEnvironment, aws_port: int
) -> None:
    aws.client("sqs", aws_port).delete_queue(QueueUrl=portal_environment.queue_url)
    _, told = deep(start_app(portal_environment).test_client())
    assert "NonExistentQueue" in told["checks"]["queue"]["problem"]
