"""The access log: one line per request, not forgeable and without secrets."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from .people import People


def request_lines(captured: list[dict[str, object]]) -> list[dict[str, object]]:
    return [line for line in captured if line["event"] == "request"]  # type: ignore[misc]


def test_each_request_logs_one_line(people: People) -> None:
    ana = people.new()
    with capture_logs() as captured:
        answer = ana.get("/api/videos?secret=swordfish")
    (line,) = request_lines(captured)  # type: ignore[arg-type]
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
def test_query_strings_and_unknown_paths_are_not_logged(client: FlaskClient, path: str) -> None:
    with capture_logs() as captured:
        client.get(path)
    (line,) = request_lines(captured)  # type: ignore[arg-type]
    assert "swordfish" not in str(line)
    assert line["user_id"] is None


@pytest.mark.parametrize("path", ["/health", "/health/deep", "/metrics"])
def test_health_and_metrics_requests_are_not_logged(client: FlaskClient, path: str) -> None:
    with capture_logs() as captured:
        client.get(path)
    assert request_lines(captured) == []  # type: ignore[arg-type]
