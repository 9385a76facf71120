"""/health for load balancers, and /health/deep for operators."""

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
from services.portal.dependency_checks import DependencyChecks
from services.portal.server.shared_flags import SharedFlags
from services.shared.migrate import read_migrations

EXPECTED_VERSION = len(read_migrations())


def without_timestamp(answer: Any) -> dict[str, Any]:
    assert datetime.fromisoformat(answer.json["timestamp"]).utcoffset() is not None
    return {**answer.json, "timestamp": ""}


def deep_check(client: FlaskClient) -> tuple[int, dict[str, Any]]:
    """Request the deep check; retry while a busy machine exceeds its one-second timeout."""
    end = time.monotonic() + 60
    while True:
        answer = client.get("/health/deep")
        report = without_timestamp(answer)
        if time.monotonic() > end or not any(_is_slow(check["problem"]) for check in report["checks"].values()):
            return answer.status_code, report
        time.sleep(0.5)


def _is_slow(problem: str | None) -> bool:
    return (problem or "").startswith("no answer within")


def test_health_needs_no_other_service(app_without: Callable[[str], Flask]) -> None:
    answer = app_without("database").test_client().get("/health")
    assert answer.status_code == 200
    assert without_timestamp(answer) == {"status": "healthy", "timestamp": "", "version": "1.0.0"}


def test_stopping_portal_is_unhealthy_but_still_serves(
    portal_environment: PortalEnvironment,
) -> None:
    flags = SharedFlags()
    client = create_app(portal_environment, is_draining=lambda: flags.is_draining).test_client()
    assert client.get("/health").status_code == 200
    flags.mark_draining()
    answer = client.get("/health")
    assert answer.status_code == 503
    assert without_timestamp(answer) == {"status": "stopping", "timestamp": "", "version": "1.0.0"}
    assert client.get("/api/public/videos").status_code == 200


def test_deep_check_reports_services_schema_and_release(
    client: FlaskClient, portal_environment: PortalEnvironment
) -> None:
    status, report = deep_check(client)
    assert status == 200, report
    for check in report["checks"].values():
        assert 0 <= check.pop("ms") <= 1000
    assert report == {
        "status": "healthy",
        "timestamp": "",
        "stopping": False,
        "release": {"hash": portal_environment.release, "version": "development", "commit": "development"},
        "schema": {"version": EXPECTED_VERSION, "expected": EXPECTED_VERSION, "ok": True},
        "checks": {name: {"ok": True, "problem": None} for name in ("bucket", "database", "queue")},
    }


@pytest.mark.parametrize(("service", "name"), [("database", "database"), ("sqs", "queue"), ("s3", "bucket")])
def test_deep_check_names_the_unreachable_service(app_without: Callable[[str], Flask], service: str, name: str) -> None:
    answer = app_without(service).test_client().get("/health/deep")
    report = answer.json
    assert report is not None
    assert (answer.status_code, report["status"]) == (503, "unhealthy")
    assert name in [check for check, result in report["checks"].items() if not result["ok"]]
    assert report["checks"][name]["problem"]


def test_outdated_schema_is_unhealthy(client: FlaskClient, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM schema_migrations WHERE version = :last"), {"last": EXPECTED_VERSION})
    status, report = deep_check(client)
    assert status == 503
    assert report["schema"] == {"version": EXPECTED_VERSION - 1, "expected": EXPECTED_VERSION, "ok": False}


def test_newer_schema_is_healthy(client: FlaskClient, engine: Engine) -> None:
    with engine.begin() as connection:
        insert = text("INSERT INTO schema_migrations (version, name, checksum) VALUES (:next, 'next', 'x')")
        connection.execute(insert, {"next": EXPECTED_VERSION + 1})
    status, report = deep_check(client)
    assert status == 200
    assert report["schema"] == {"version": EXPECTED_VERSION + 1, "expected": EXPECTED_VERSION, "ok": True}


def test_hanging_check_times_out_and_blocks_one_thread() -> None:
    unblock = threading.Event()
    calls: list[str] = []

    def hang() -> None:
        calls.append("hang")
        unblock.wait(60)

    checks = DependencyChecks({"slow": hang, "quick": lambda: 7})
    results = checks.results()
    assert results["slow"].problem == "no answer within 1 s"
    assert (results["quick"].answer, results["quick"].problem) == (7, None)
    checks._checked_at -= 10
    checks.results()
    assert calls == ["hang"]
    unblock.set()


def test_concurrent_requests_share_one_round_of_checks() -> None:
    rounds: list[int] = []
    checks = DependencyChecks({"count": lambda: rounds.append(1)})
    threads = [threading.Thread(target=checks.results) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rounds == [1]


@pytest.mark.own("queue")
def test_deleted_queue_is_reported_by_error_name(
    start_app: Callable[[PortalEnvironment], Flask], portal_environment: PortalEnvironment, aws_port: int
) -> None:
    aws.client("sqs", aws_port).delete_queue(QueueUrl=portal_environment.queue_url)
    _, report = deep_check(start_app(portal_environment).test_client())
    assert "NonExistentQueue" in report["checks"]["queue"]["problem"]
