"""The housekeeper's sweep: a video whose message is gone is sent again, and at last its owner is told."""

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
from services.portal.scheduler import keep_house
from services.shared.queue import VideoQueue
from services.shared.storage import processed_key
from services.videos.stale_videos import MAX_REQUEUES, STALE_AFTER_VISIBILITIES

from .people import People
from .videos import Videos

VISIBILITY_SECONDS = 30  # of the test's queue


@pytest.fixture
def sqs(aws_port: int, aws_endpoint: str) -> Any:
    return aws.client("sqs", aws_port)


def keep(app: Flask) -> None:
    """A round in which every chore has its turn: first the sweep's, then the relay's."""
    with app.app_context():
        keep_house(0)
        keep_house(1)


def pass_time(engine: Engine, seconds: float) -> None:
    with engine.begin() as connection:
        for change in (
            "UPDATE videos SET updated_at = updated_at - make_interval(secs => :seconds)",
            "UPDATE task_results SET sent_at = sent_at - make_interval(secs => :seconds)",
        ):
            connection.execute(text(change), {"seconds": seconds})


def lose_message(sqs: Any, queue_url: str) -> None:
    """Take the queue's message away, as its retention or a mistaken purge does."""
    (message,) = sqs.receive_message(QueueUrl=queue_url)["Messages"]
    sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])


@pytest.fixture
def lost(app: Flask, people: People, videos: Videos, sqs: Any, queue_url: str, engine: Engine) -> UUID:
    """A video whose message is gone, overdue."""
    video_id = videos.uploaded(people.new())
    keep(app)
    lose_message(sqs, queue_url)
    pass_time(engine, STALE_AFTER_VISIBILITIES * VISIBILITY_SECONDS + 1)
    return video_id


def test_a_lost_message_is_sent_again(app: Flask, lost: UUID, sqs: Any, queue_url: str, client: FlaskClient) -> None:
    with capture_logs() as lines:
        keep(app)
    (line,) = [line for line in lines if line["event"] == "video without a sign of life is sent again"]
    assert (line["log_level"], line["video_id"]) == ("warning", str(lost))
    assert VideoQueue(sqs, queue_url).waiting() == 1
    told = resources_of(app).metrics.measures.take()
    assert told is not None and told["VideosSwept"] == 1
    exposed = client.get("/metrics").text
    assert 'anb_videos_swept_total{result="sent again"} 1.0' in exposed
    assert "anb_videos_unfinished 1.0" in exposed


def test_a_message_that_waits_is_not_sent_again(
    app: Flask, people: People, videos: Videos, engine: Engine, sqs: Any, queue_url: str
) -> None:
    videos.uploaded(people.new())
    keep(app)
    pass_time(engine, 100 * VISIBILITY_SECONDS)
    keep(app)
    assert VideoQueue(sqs, queue_url).waiting() == 1


def test_a_video_that_is_given_up_leaves_no_object_and_says_so(
    app: Flask, lost: UUID, engine: Engine, media_bucket: str, aws_port: int, videos: Videos, people: People
) -> None:
    s3 = aws.client("s3", aws_port)
    other = videos.processed(people.new(), is_public=True)
    for video_id, attempt in ((lost, 1), (lost, 2), (other, 1)):
        s3.put_object(Bucket=media_bucket, Key=processed_key(video_id, attempt), Body=b"x")
    with engine.begin() as connection:
        connection.execute(text("UPDATE task_results SET sweeps = :most"), {"most": MAX_REQUEUES})
    with capture_logs() as lines:
        keep(app)
    assert ("error", str(lost)) in [(line["log_level"], line.get("video_id")) for line in lines]
    kept = s3.list_objects_v2(Bucket=media_bucket, Prefix="processed/")["Contents"]
    assert [item["Key"] for item in kept] == [processed_key(other, 1)]
    told = resources_of(app).metrics.measures.take()
    assert told is not None and told["VideosGivenUp"] == 1
    with engine.connect() as connection:
        row = connection.execute(text("SELECT status, failure_reason FROM videos WHERE id = :id"), {"id": lost}).one()
    assert tuple(row) == ("failed", "given_up")
