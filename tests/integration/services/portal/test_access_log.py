"""One line for each request, which nobody can forge and which gives nothing away."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from .people import People


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
