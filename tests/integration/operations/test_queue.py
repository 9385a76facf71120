"""`anb queue`: shows the queue without receiving messages, and moves dead letters back with a reason."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click.testing
import pytest
from botocore.client import BaseClient
from sqlalchemy import Engine, text

from emulator import aws
from operations.__main__ import anb
from services.contest.users import add_user
from services.environment import PortalEnvironment
from services.shared.queue import REQUEST_ID, VideoQueue
from services.videos.records import add_video
from tests.integration.services.conftest import engine, portal_environment  # noqa: F401
from workspace.ports import free_port


@pytest.fixture(autouse=True)
def environment(portal_environment: PortalEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    for name, value in portal_environment.as_variables().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def sqs(aws_port: int) -> Any:
    return aws.client("sqs", aws_port)


@pytest.fixture
def dead_url(queue_url: str) -> str:
    return f"{queue_url}-dlq"


@pytest.fixture
def videos(engine: Engine, sqs: Any, dead_url: str) -> Iterator[list[uuid.UUID]]:  # noqa: F811
    """Three videos whose messages are in the dead-letter queue."""
    ids = [uuid.uuid4() for _ in range(3)]
    with engine.begin() as connection:
        owner = add_user(
            connection,
            first_name="Ana",
            last_name="Díaz",
            email="ana@example.com",
            password_hash="none",
            city="Cali",
            country="Colombia",
        )
        assert owner is not None
        for video_id in ids:
            add_video(
                connection,
                video_id=video_id,
                user_id=owner,
                title="Triple",
                original_filename="play.mp4",
                original_url=f"uploads/{video_id}.mp4",
                is_public=True,
            )
        connection.execute(text("UPDATE task_results SET status = 'running', sent_at = now()"))
    for video_id in ids:
        VideoQueue(sqs, dead_url).send(video_id, user_id=7, request_id="a-request")
    yield ids


_api_call = BaseClient._make_api_call


def run(*arguments: str) -> click.testing.Result:
    return click.testing.CliRunner().invoke(anb, ["queue", *arguments])


def waiting(sqs: Any, url: str) -> int:
    return VideoQueue(sqs, url).waiting()


def test_queue_videos_and_dead_letters_are_shown(
    videos: list[uuid.UUID], sqs: Any, queue_url: str, dead_url: str
) -> None:
    sqs.send_message(QueueUrl=dead_url, MessageBody="{ no video")
    VideoQueue(sqs, queue_url).send(videos[0])
    shown = run()
    assert shown.exit_code == 0, shown.output
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.output.splitlines() if "│" in line]
    assert ["videos", "1", "0", "0"] in rows and ["dead letters", "4", "0", "0"] in rows
    assert ["waiting", "3"] in [row[:2] for row in rows] and ["processed", "0"] in [row[:2] for row in rows]
    assert all(str(video_id) in shown.output for video_id in videos)
    assert "'{ no video'" in shown.output
    assert "SQS reports message ages only to CloudWatch" in shown.output


def test_showing_receives_no_messages(videos: list[uuid.UUID], sqs: Any, dead_url: str) -> None:
    for _ in range(2):
        assert str(videos[0]) in run().output
    assert waiting(sqs, dead_url) == 3


def test_show_option_limits_the_dead_letters(videos: list[uuid.UUID]) -> None:
    assert sum(str(video_id) in run("--show", "1").output for video_id in videos) == 1
    assert not any(str(video_id) in run("--show", "0").output for video_id in videos)


def test_redrive_keeps_attributes_and_stores_the_reason(
    videos: list[uuid.UUID],
    sqs: Any,
    queue_url: str,
    dead_url: str,
    engine: Engine,  # noqa: F811
) -> None:
    moved = run("redrive", "--reason", "bucket is back")
    assert (moved.exit_code, moved.stdout) == (
        0,
        "Dead letters moved back to the queue: 3. Reason: bucket is back\n",
    )
    assert all(f"moved {video_id}" in moved.stderr for video_id in videos)
    assert (waiting(sqs, queue_url), waiting(sqs, dead_url)) == (3, 0)
    (message, *_) = sqs.receive_message(QueueUrl=queue_url, MessageAttributeNames=["All"])["Messages"]
    assert uuid.UUID(json.loads(message["Body"])["video_id"]) in videos
    assert message["MessageAttributes"][REQUEST_ID]["StringValue"] == "a-request"
    with engine.connect() as connection:
        stored = connection.execute(text("SELECT video_id, reason, operator <> '' FROM redrives")).all()
    assert {tuple(row) for row in stored} == {(video_id, "bucket is back", True) for video_id in videos}


def test_limit_moves_only_some(videos: list[uuid.UUID], sqs: Any, queue_url: str, dead_url: str) -> None:
    moved = run("redrive", "--reason", "one for a try", "--limit", "1")
    assert moved.stdout == "Dead letters moved back to the queue: 1, 2 left. Reason: one for a try\n"
    assert (waiting(sqs, queue_url), waiting(sqs, dead_url)) == (1, 2)


def test_redrive_reopens_videos_that_were_given_up(videos: list[uuid.UUID], engine: Engine) -> None:  # noqa: F811
    with engine.begin() as connection:
        connection.execute(text("UPDATE videos SET status = 'failed', failure_reason = 'given_up'"))
    assert "given up" in run().output
    assert run("redrive", "--reason", "the disk is larger").exit_code == 0
    with engine.connect() as connection:
        states = connection.execute(text("SELECT DISTINCT status, failure_reason FROM videos")).all()
    assert [tuple(state) for state in states] == [("uploaded", None)]


def test_interruption_between_send_and_delete_loses_nothing(
    videos: list[uuid.UUID], sqs: Any, queue_url: str, dead_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt_delete(self: Any, operation: str, arguments: Any, call: Any = _api_call) -> Any:
        if operation == "DeleteMessage":
            raise KeyboardInterrupt
        return call(self, operation, arguments)

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", interrupt_delete)
    assert run("redrive", "--reason", "interrupted").exit_code == 1
    monkeypatch.undo()
    assert waiting(sqs, queue_url) == 1
    hidden = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=dead_url, AttributeNames=hidden)["Attributes"]
    assert sum(int(count) for count in found.values()) == 3


def test_redrive_without_dead_letters() -> None:
    assert run("redrive", "--reason", "to see").output == "There are no dead letters.\n"


@pytest.mark.parametrize(("arguments", "code"), [((), 2), (("--reason", " "), 1), (("--reason", "x" * 501), 1)])
def test_reason_is_required(arguments: tuple[str, ...], code: int, videos: list[uuid.UUID]) -> None:
    result = run("redrive", *arguments)
    assert result.exit_code == code
    assert "--reason" in result.output


def test_limit_must_be_positive() -> None:
    assert run("redrive", "--reason", "x", "--limit", "0").exit_code == 2


def test_error_without_running_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("QUEUE_URL")
    monkeypatch.setenv("ANB_LOCAL_DIR", str(tmp_path))
    result = run()
    assert (result.exit_code, "Nothing is up. Start it with ./anb up, or set QUEUE_URL" in result.output) == (1, True)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("DATABASE_PORT", "soon", "DATABASE_PORT (port of PostgreSQL): is 'soon'"),
        ("DATABASE_PORT", str(free_port()), "The database at 127.0.0.1:"),
        ("QUEUE_URL", "http://127.0.0.1/123456789012/nowhere", "AWS does not answer for http://127.0.0.1/"),
    ],
)
def test_invalid_or_unreachable_dependency_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(name, value)
    result = run()
    assert result.exit_code == 1
    assert message in result.output and "Traceback" not in result.output


def test_queue_without_dead_letter_queue_is_an_error(sqs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    url = sqs.create_queue(QueueName=f"bare-{uuid.uuid4().hex}")["QueueUrl"]
    monkeypatch.setenv("QUEUE_URL", url)
    result = run()
    assert (result.exit_code, f"{url} has no dead-letter queue" in result.output) == (1, True)
