"""Assertions about rows of the database, objects of the bucket and lines in CloudWatch Logs."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence

import psycopg
from psycopg.rows import TupleRow

from benchmarks.boot.groups import PORTAL, WORKER, read_groups
from benchmarks.boot.region import Region
from emulator import aws


def wait_for(condition: Callable[[], object], *, what: str, seconds: float = 120) -> None:
    """Wait until a condition holds; fail after the given seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:g} s"
        time.sleep(0.2)


def rows(region: Region, query: str, *values: object) -> list[TupleRow]:
    """Run a statement in the services' database; return its rows."""
    name = read_groups(region.aws_port)[PORTAL].environment["DATABASE_NAME"]
    with psycopg.connect(region.cluster.url(name), autocommit=True) as connection:
        return connection.execute(query.encode(), values or None).fetchall()


def stored_votes(region: Region, voters: Collection[str]) -> set[tuple[str, str]]:
    """Return the votes of these users, given by e-mail address, in the database."""
    query = "SELECT email, video_id::text FROM votes JOIN users ON users.id = user_id WHERE email = ANY(%s)"
    return {(email, video) for email, video in rows(region, query, list(voters))}


def wait_until_settled(region: Region, videos: Sequence[str], *, seconds: float) -> None:
    """Wait until every video is processed or failed.

    Raises:
        TimeoutError: with the status of the remaining videos.
    """
    query = "SELECT id::text, status, attempt FROM videos WHERE id::text = ANY(%s)"
    deadline = time.monotonic() + seconds
    while remaining := [row for row in rows(region, query, list(videos)) if row[1] not in ("processed", "failed")]:
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {seconds:g} s not done: {remaining}")
        time.sleep(0.5)


def assert_each_processed_once(region: Region, videos: Sequence[str]) -> None:
    """Each video was published by one attempt, has that attempt's three objects, and no message in a queue."""
    videos_found = rows(region, "SELECT id::text, status, attempt FROM videos WHERE id::text = ANY(%s)", list(videos))
    assert {(video, status) for video, status, _ in videos_found} == {(video, "processed") for video in videos}
    kinds = ("mp4", "jpg", "preview.mp4")
    expected = {f"processed/{video}/{attempt}.{kind}" for video, _, attempt in videos_found for kind in kinds}
    assert {key for key in _keys(region) if key.split("/")[1] in videos} == expected
    assert _published(region, videos) == dict.fromkeys(videos, 1)
    wait_for(lambda: waiting_messages(region) == 0, what="every message is deleted", seconds=30)


def waiting_messages(region: Region) -> int:
    """Count the messages in all queues, visible or in flight, including dead letters."""
    sqs = aws.client("sqs", region.aws_port)
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    count = 0
    for url in sqs.list_queues()["QueueUrls"]:
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        count += sum(int(attributes[name]) for name in names)
    return count


def log_lines(region: Region, service: str, prefix: str = "") -> list[str]:
    """Read a service's log group in CloudWatch Logs.

    Args:
        region: the region.
        service: PORTAL or WORKER.
        prefix: prefix of the streams' names; by default all streams.
    """
    client = aws.client("logs", region.aws_port)
    group = read_groups(region.aws_port)[service].environment["LOG_GROUP"]
    streams = client.describe_log_streams(logGroupName=group)["logStreams"]
    lines = []
    for name in (stream["logStreamName"] for stream in streams):
        if name.startswith(prefix):
            events = client.get_log_events(logGroupName=group, logStreamName=name, startFromHead=True, limit=10_000)
            lines += [event["message"] for event in events["events"]]
    return lines


def _published(region: Region, videos: Sequence[str]) -> dict[str, int]:
    """Count how often the workers logged each video as processed; logs arrive with a delay of seconds."""
    deadline = time.monotonic() + 30
    while True:
        processed = [json.loads(line) for line in log_lines(region, WORKER) if '"video processed"' in line]
        counts = Counter(line["video_id"] for line in processed if line["video_id"] in videos)
        if len(counts) == len(videos) or time.monotonic() > deadline:
            return dict(counts)
        time.sleep(1)


def _keys(region: Region) -> list[str]:
    bucket = read_groups(region.aws_port)[PORTAL].environment["MEDIA_BUCKET"]
    pages = aws.client("s3", region.aws_port).get_paginator("list_objects_v2")
    results = pages.paginate(Bucket=bucket, Prefix="processed/")
    return [item["Key"] for page in results for item in page.get("Contents", [])]
