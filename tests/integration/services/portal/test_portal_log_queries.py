"""The portal writes the log fields that the saved queries read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
import structlog
from flask import Flask
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from emulator import aws
from services.portal.resources import resources_of
from services.portal.scheduler import run_due
from services.videos.stale_videos import MAX_REQUEUES, STALE_AFTER_VISIBILITIES
from tests.log_query_words import Line, missing_from

from .people import PASSWORD, People
from .videos import Videos


@contextmanager
def captured_log(service: str) -> Iterator[list[Line]]:
    """Capture log lines with the fields of every line (tests/integration/services/shared/test_telemetry.py)."""
    lines: list[Line] = []
    processors = [structlog.contextvars.merge_contextvars, structlog.processors.format_exc_info]
    with capture_logs(processors=processors) as captured:
        yield lines
    lines += [{"service": service, "level": line["log_level"], **line} for line in captured]


def test_request_vote_and_limit_queries(app: Flask, people: People, videos: Videos) -> None:
    ana, bea = people.new(), people.new()
    video_id = videos.published(ana)
    with captured_log("portal") as lines:
        assert [bea.post(f"/api/public/videos/{video_id}/vote").status_code for _ in range(2)] == [200, 400]
        while bea.post(f"/api/public/videos/{uuid4()}/vote").status_code != 429:
            pass
        while app.test_client().post("/api/auth/login", json={"email": ana.email, "password": "x"}).status_code != 429:
            pass
        resources_of(app).metrics.measures.flush()

    (refused, *_) = [line for line in lines if line.get("route", "").endswith("/vote") and line["status"] == 400]  # type: ignore[attr-defined]
    assert refused["network"] == "127.0.0.0/24"
    for name in ("errors-by-route", "slow-requests", "votes", "votes-refused", "limits-reached"):
        assert missing_from(name, lines) == set()


def test_refused_sign_ins_query(app: Flask, people: People, engine: Engine) -> None:
    ana = people.new()
    with engine.begin() as connection:
        connection.execute(text("UPDATE users SET disabled_at = now() WHERE id = :id"), {"id": ana.id})
    with captured_log("portal") as lines:
        for password, status in (("a wrong guess", 401), (PASSWORD, 403)):
            answer = app.test_client().post("/api/auth/login", json={"email": ana.email, "password": password})
            assert answer.status_code == status

    assert missing_from("sign-ins-refused", lines) == set()


def test_errors_and_unreachable_services_queries(app_without: Callable[[str], Flask]) -> None:
    with captured_log("portal") as lines:
        answer = app_without("database").test_client().get("/api/public/videos", headers={"X-Request-Id": "r1"})
    assert answer.status_code == 503

    failed = [line for line in lines if line["level"] == "error"]
    assert [line["request_id"] for line in failed] == ["r1"]
    assert missing_from("errors", failed) == {"video_id"}, "video_id is logged by the sweep and the workers"
    assert missing_from("services-away", lines) == {
        *("queue cannot be read", "video could not be claimed", "video not processed this time"),
    }, "these events are logged by the workers"
    (request,) = [line for line in lines if line["event"] == "request"]
    assert (request["request_id"], request["status"]) == ("r1", 503)


def test_given_up_videos_query(
    app: Flask, people: People, videos: Videos, engine: Engine, queue_url: str, aws_port: int
) -> None:
    sqs = aws.client("sqs", aws_port)

    def keep() -> None:
        with app.app_context():
            run_due(0)
            run_due(1)

    def pass_time(sweeps: int) -> None:
        with engine.begin() as connection:
            seconds = {"seconds": STALE_AFTER_VISIBILITIES * 30 + 1}
            connection.execute(
                text("UPDATE videos SET updated_at = updated_at - make_interval(secs => :seconds)"), seconds
            )
            connection.execute(
                text("UPDATE task_results SET sent_at = sent_at - make_interval(secs => :seconds), sweeps = :sweeps"),
                {**seconds, "sweeps": sweeps},
            )
        (message,) = sqs.receive_message(QueueUrl=queue_url)["Messages"]
        sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])

    videos.uploaded(people.new())
    with captured_log("portal") as lines:
        keep()
        pass_time(sweeps=0)
        keep()
        pass_time(sweeps=MAX_REQUEUES)
        keep()

    assert missing_from("videos-given-up", lines) == set()
    (given_up,) = [line for line in lines if line["level"] == "error"]
    assert "video_id" in given_up


def test_one_request_query(people: People) -> None:
    with captured_log("portal") as lines:
        ana = people.new()
        ana.get("/api/videos")

    (request,) = [line for line in lines if line["event"] == "request" and line["route"] == "/api/videos"]
    assert {"request_id", "service", "level", "route", "status"} <= set(request)
    assert missing_from("one-request", lines) == {"video_id", "reason", "exception"}, "other lines hold these fields"


@pytest.fixture(autouse=True)
def clear_log_context() -> Iterator[None]:
    """Clear context variables that a test bound."""
    yield
    structlog.contextvars.clear_contextvars()
