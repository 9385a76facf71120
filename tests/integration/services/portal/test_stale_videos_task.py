"""The scheduler's sweep requeues videos whose message is lost, and finally marks them as failed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from emulator import aws
from services.portal.resources import resources_of
from services.portal.scheduler import run_due
from services.shared.queue import VideoQueue
from services.shared.storage import processed_key
from services.videos.stale_videos import MAX_REQUEUES, STALE_AFTER_VISIBILITIES

from .people import People
from .videos import Videos

VISIBILITY_SECONDS = 30  # visibility timeout of the tests' queue


@pytest.fixture
def sqs(aws_port: int, aws_endpoint: str) -> Any:
    return aws.client("sqs", aws_port)


def run_tasks(app: Flask) -> None:
    """Run every task once: the sweep first, then the relay."""
    with app.app_context():
        run_due(0)
        run_due(1)


def age_rows(engine: Engine, seconds: float) -> None:
    with engine.begin() as connection:
        for change in (
            "UPDATE videos SET updated_at = updated_at - make_interval(secs => :seconds)",
            "UPDATE task_results SET sent_at = sent_at - make_interval(secs => :seconds)",
        ):
            connection.execute(text(change), {"seconds": seconds})


def lose_message(sqs: Any, queue_url: str) -> None:
    """Delete the queue's message, as its retention or an accidental purge does."""
    (message,) = sqs.receive_message(QueueUrl=queue_url)["Messages"]
    sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])


@pytest.fixture
def lost_video(app: Flask, people: People, videos: Videos, sqs: Any, queue_url: str, engine: Engine) -> UUID:
    """An overdue video whose message is lost."""
    video_id = videos.uploaded(people.new())
    run_tasks(app)
    lose_message(sqs, queue_url)
    age_rows(engine, STALE_AFTER_VISIBILITIES * VISIBILITY_SECONDS + 1)
    return video_id


def test_lost_message_is_sent_again(
    app: Flask, lost_video: UUID, sqs: Any, queue_url: str, client: FlaskClient
) -> None:
    with capture_logs() as lines:
        run_tasks(app)
    (line,) = [line for line in lines if line["event"] == "video without a sign of life is sent again"]
    assert (line["log_level"], line["video_id"]) == ("warning", str(lost_video))
    assert VideoQueue(sqs, queue_url).waiting() == 1
    counts = resources_of(app).metrics.measures.take()
    assert counts is not None and counts["VideosSwept"] == 1
    exposed = client.get("/metrics").text
    assert 'anb_videos_swept_total{result="sent again"} 1.0' in exposed
    assert "anb_videos_unfinished 1.0" in exposed


def test_waiting_message_is_not_sent_again(
    app: Flask, people: People, videos: Videos, engine: Engine, sqs: Any, queue_url: str
) -> None:
    videos.uploaded(people.new())
    run_tasks(app)
    age_rows(engine, 100 * VISIBILITY_SECONDS)
    run_tasks(app)
    assert VideoQueue(sqs, queue_url).waiting() == 1


def test_abandoned_video_fails_and_leaves_no_objects(
    app: Flask, lost_video: UUID, engine: Engine, media_bucket: str, aws_port: int, videos: Videos, people: People
) -> None:
    s3 = aws.client("s3", aws_port)
    other = videos.processed(people.new(), is_public=True)
    for video_id, attempt in ((lost_video, 1), (lost_video, 2), (other, 1)):
        s3.put_object(Bucket=media_bucket, Key=processed_key(video_id, attempt), Body=b"x")
    with engine.begin() as connection:
        connection.execute(text("UPDATE task_results SET sweeps = :most"), {"most": MAX_REQUEUES})
    with capture_logs() as lines:
        run_tasks(app)
    assert ("error", str(lost_video)) in [(line["log_level"], line.get("video_id")) for line in lines]
    remaining = s3.list_objects_v2(Bucket=media_bucket, Prefix="processed/")["Contents"]
    assert [item["Key"] for item in remaining] == [processed_key(other, 1)]
    counts = resources_of(app).metrics.measures.take()
    assert counts is not None and counts["VideosGivenUp"] == 1
    with engine.connect() as connection:
        row = connection.execute(
            text("SELECT status, failure_reason FROM videos WHERE id = :id"), {"id": lost_video}
        ).one()
    assert tuple(row) == ("failed", "given_up")
