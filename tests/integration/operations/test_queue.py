"""`anb queue`: looks without taking, moves back with a reason, and says plainly what is not there."""

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
    """Three videos whose messages lie dead."""
    made = [uuid.uuid4() for _ in range(3)]
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
        for video_id in made:
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
    for video_id in made:
        VideoQueue(sqs, dead_url).send(video_id, user_id=7, request_id="a-request")
    yield made


_api_call = BaseClient._make_api_call


def run(*arguments: str) -> click.testing.Result:
    return click.testing.CliRunner().invoke(anb, ["queue", *arguments])


def waiting(sqs: Any, url: str) -> int:
    return VideoQueue(sqs, url).waiting()


def test_it_shows_the_queue_the_videos_and_the_dead_letters(
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
    assert "SQS tells its oldest to CloudWatch alone" in shown.output


def test_looking_takes_nothing_away(videos: list[uuid.UUID], sqs: Any, dead_url: str) -> None:
    for _ in range(2):
        assert str(videos[0]) in run().output
    assert waiting(sqs, dead_url) == 3


def test_as_many_are_shown_as_are_asked_for(videos: list[uuid.UUID]) -> None:
    assert sum(str(video_id) in run("--show", "1").output for video_id in videos) == 1
    assert not any(str(video_id) in run("--show", "0").output for video_id in videos)


def test_dead_letters_are_moved_back_whole_and_the_reason_is_kept(
    videos: list[uuid.UUID],
    sqs: Any,
    queue_url: str,
    dead_url: str,
    engine: Engine,  # noqa: F811
) -> None:
    moved = run("redrive", "--reason", "the bucket is back")
    assert (moved.exit_code, moved.stdout) == (0, "3 dead letters are in the queue again. Reason: the bucket is back\n")
    assert all(f"moved {video_id}" in moved.stderr for video_id in videos)
    assert (waiting(sqs, queue_url), waiting(sqs, dead_url)) == (3, 0)
    (message, *_) = sqs.receive_message(QueueUrl=queue_url, MessageAttributeNames=["All"])["Messages"]
    assert uuid.UUID(json.loads(message["Body"])["video_id"]) in videos
    assert message["MessageAttributes"][REQUEST_ID]["StringValue"] == "a-request"
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT video_id, reason, operator <> '' FROM redrives")).all()
    assert {tuple(row) for row in kept} == {(video_id, "the bucket is back", True) for video_id in videos}


def test_a_limit_leaves_the_rest(videos: list[uuid.UUID], sqs: Any, queue_url: str, dead_url: str) -> None:
    moved = run("redrive", "--reason", "one for a try", "--limit", "1")
    assert moved.stdout == "1 dead letters are in the queue again, 2 left. Reason: one for a try\n"
    assert (waiting(sqs, queue_url), waiting(sqs, dead_url)) == (1, 2)


def test_a_video_that_was_given_up_is_opened_again(videos: list[uuid.UUID], engine: Engine) -> None:  # noqa: F811
    with engine.begin() as connection:
        connection.execute(text("UPDATE videos SET status = 'failed', failure_reason = 'given_up'"))
    assert "given up" in run().output
    assert run("redrive", "--reason", "the disk is larger").exit_code == 0
    with engine.connect() as connection:
        states = connection.execute(text("SELECT DISTINCT status, failure_reason FROM videos")).all()
    assert [tuple(state) for state in states] == [("uploaded", None)]


def test_interrupted_between_sending_and_deleting_nothing_is_lost(
    videos: list[uuid.UUID], sqs: Any, queue_url: str, dead_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(self: Any, operation: str, arguments: Any, call: Any = _api_call) -> Any:
        if operation == "DeleteMessage":
            raise KeyboardInterrupt
        return call(self, operation, arguments)

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", break_off)
    assert run("redrive", "--reason", "interrupted").exit_code == 1
    monkeypatch.undo()
    assert waiting(sqs, queue_url) == 1
    hidden = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=dead_url, AttributeNames=hidden)["Attributes"]
    assert sum(int(count) for count in found.values()) == 3


def test_where_nothing_lies_it_says_so() -> None:
    assert run("redrive", "--reason", "to see").output == "There are no dead letters.\n"


@pytest.mark.parametrize(("arguments", "code"), [((), 2), (("--reason", " "), 1), (("--reason", "x" * 501), 1)])
def test_a_reason_is_needed(arguments: tuple[str, ...], code: int, videos: list[uuid.UUID]) -> None:
    refused = run("redrive", *arguments)
    assert refused.exit_code == code
    assert "--reason" in refused.output


def test_a_limit_is_at_least_one() -> None:
    assert run("redrive", "--reason", "x", "--limit", "0").exit_code == 2


def test_when_nothing_is_up_it_says_how_to_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("QUEUE_URL")
    monkeypatch.setenv("ANB_LOCAL_DIR", str(tmp_path))
    refused = run()
    assert (refused.exit_code, "Nothing is up. Start it with ./anb up, or give" in refused.output) == (1, True)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DATABASE_PORT", "soon", "DATABASE_PORT (port of PostgreSQL): is 'soon'"),
        ("DATABASE_PORT", str(free_port()), "The database at 127.0.0.1:"),
        ("QUEUE_URL", "http://127.0.0.1/123456789012/nowhere", "AWS does not answer for http://127.0.0.1/"),
    ],
)
def test_what_cannot_be_reached_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str) -> None:
    monkeypatch.setenv(name, value)
    refused = run()
    assert refused.exit_code == 1
    assert sentence in refused.output and "Traceback" not in refused.output


def test_a_queue_without_dead_letters_is_named(sqs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    url = sqs.create_queue(QueueName=f"bare-{uuid.uuid4().hex}")["QueueUrl"]
    monkeypatch.setenv("QUEUE_URL", url)
    refused = run()
    assert (refused.exit_code, f"{url} has no dead-letter queue" in refused.output) == (1, True)
