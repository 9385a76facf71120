"""One line for each request, which nobody can forge and which gives nothing away."""

from __future__ import annotations

import json

import pytest
import requests
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from .people import People
from .process import PortalStarter


def lines_of(captured: list[dict[str, object]]) -> list[dict[str, object]]:
    return [line for line in captured if line["event"] == "request"]  # type: ignore[misc]


def test_a_request_is_one_line(people: People) -> None:
    ana = people.new()
    with capture_logs() as captured:
        answer = ana.get("/api/videos?secret=swordfish")
    (line,) = lines_of(captured)  # type: ignore[arg-type]
    assert line.pop("ms") >= 0  # type: ignore[operator]
    assert line == {
        "event": "request",
        "log_level": "info",
        "method": "GET",
        "route": "/api/videos",
        "status": 200,
        "bytes": len(answer.data),
        "user_id": ana.id,
        "network": "127.0.0.0/24",
    }


@pytest.mark.parametrize("path", ["/media/7/video.mp4?key=swordfish", "/nowhere/swordfish", "/videos/swordfish"])
def test_neither_keys_nor_paths_that_lead_nowhere_are_kept(client: FlaskClient, path: str) -> None:
    with capture_logs() as captured:
        client.get(path)
    (line,) = lines_of(captured)  # type: ignore[arg-type]
    assert "swordfish" not in str(line)
    assert line["user_id"] is None


@pytest.mark.parametrize("path", ["/health", "/health/deep", "/metrics"])
def test_what_balancers_and_collectors_ask_is_not_logged(client: FlaskClient, path: str) -> None:
    with capture_logs() as captured:
        client.get(path)
    assert lines_of(captured) == []  # type: ignore[arg-type]


def test_it_has_the_requests_id_and_is_one_line_whatever_was_sent(start_portal: PortalStarter) -> None:
    portal = start_portal()
    portal.wait_until_it_answers()
    forged = "%0d%0a%7b%22event%22:%22login%20ok%22%7d"
    answer = requests.get(f"{portal.url}/nowhere/{forged}?city={forged}", headers={"X-Request-Id": "r1"}, timeout=30)
    assert answer.headers["X-Request-Id"] == "r1"
    portal.process.terminate()
    assert portal.process.wait(60) == 0
    assert [(line["route"], line["status"]) for line in portal.said("request") if line["request_id"] == "r1"] == [
        ("none", 404)
    ]
    assert "login ok" not in portal.log.read_text()
    assert all(json.loads(line) for line in portal.log.read_text().splitlines())
