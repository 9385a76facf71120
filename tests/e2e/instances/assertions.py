"""What is left of what people did: rows of the database, objects of the bucket, lines in CloudWatch Logs."""

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


def wait_for(happened: Callable[[], object], *, what: str, seconds: float = 120) -> None:
    """Wait until something is so; after two minutes, or as long as is given, the test has failed."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"{what}: not in {seconds:g} s"
        time.sleep(0.2)


def rows(region: Region, query: str, *values: object) -> list[TupleRow]:
    """What the services' database answers a statement."""
    name = read_groups(region.aws_port)[PORTAL].environment["DATABASE_NAME"]
    with psycopg.connect(region.cluster.url(name), autocommit=True) as connection:
        return connection.execute(query.encode(), values or None).fetchall()


def stored_votes(region: Region, fans: Collection[str]) -> set[tuple[str, str]]:
    """The votes that these people, by e-mail address, have in the database."""
    query = "SELECT email, video_id::text FROM votes JOIN users ON users.id = user_id WHERE email = ANY(%s)"
    return {(email, video) for email, video in rows(region, query, list(fans))}


def wait_until_settled(region: Region, videos: Sequence[str], *, seconds: float) -> None:
    """Wait until no video waits or is worked on.

    Raises:
        TimeoutError: it took too long; it says how far each video is.
    """
    query = "SELECT id::text, status, attempt FROM videos WHERE id::text = ANY(%s)"
    deadline = time.monotonic() + seconds
    while open_ones := [row for row in rows(region, query, list(videos)) if row[1] not in ("processed", "failed")]:
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {seconds:g} s these are not done: {open_ones}")
        time.sleep(0.5)


def assert_each_processed_once(region: Region, videos: Sequence[str]) -> None:
    """Each video was published by one attempt, is in the bucket as that one's three objects, and off the queue."""
    found = rows(region, "SELECT id::text, status, attempt FROM videos WHERE id::text = ANY(%s)", list(videos))
    assert {(video, status) for video, status, _ in found} == {(video, "processed") for video in videos}
    kinds = ("mp4", "jpg", "preview.mp4")
    expected = {f"processed/{video}/{attempt}.{kind}" for video, _, attempt in found for kind in kinds}
    assert {key for key in _keys(region) if key.split("/")[1] in videos} == expected
    assert _published(region, videos) == dict.fromkeys(videos, 1)
    wait_for(lambda: waiting_messages(region) == 0, what="every message is deleted", seconds=30)


def waiting_messages(region: Region) -> int:
    """How many messages the services' queues hold, seen or unseen, those of the dead among them."""
    sqs = aws.client("sqs", region.aws_port)
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = 0
    for url in sqs.list_queues()["QueueUrls"]:
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        found += sum(int(attributes[name]) for name in names)
    return found


def log_lines(region: Region, service: str, prefix: str = "") -> list[str]:
    """What a service's log group holds in CloudWatch Logs.

    Args:
        region: where.
        service: PORTAL or WORKER.
        prefix: of the streams' names; by default all.
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
    """How often the workers logged each video as processed; lines are sent every few seconds."""
    deadline = time.monotonic() + 30
    while True:
        said = [json.loads(line) for line in log_lines(region, WORKER) if '"video processed"' in line]
        counts = Counter(line["video_id"] for line in said if line["video_id"] in videos)
        if len(counts) == len(videos) or time.monotonic() > deadline:
            return dict(counts)
        time.sleep(1)


def _keys(region: Region) -> list[str]:
    bucket = read_groups(region.aws_port)[PORTAL].environment["MEDIA_BUCKET"]
    pages = aws.client("s3", region.aws_port).get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=bucket, Prefix="processed/")
    return [item["Key"] for page in found for item in page.get("Contents", [])]
