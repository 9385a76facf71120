"""Whatever dies while a video is taken, there is one video in the end or nothing, and never bytes that nobody owns."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from flask import Flask
from sqlalchemy import Engine, text

from operations.local import aws
from services.portal.housekeeper import keep_house

from . import direct
from .direct import CLIP, UPLOADS, objects, rows, unfinished
from .people import People, Person
from .process import PortalProcess, PortalStarter

# The outbox is written last in the transaction.
INSERT = "INSERT INTO task_results"
NO_INSERTS = "LOCK TABLE task_results IN SHARE MODE"
WAITING = """
    SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE NOT l.granted AND a.datname = current_database() AND position(:statement IN a.query) > 0
"""


class Request(threading.Thread):
    """A request to a portal that will not live to answer it."""

    def __init__(self, portal: PortalProcess, person: Person, path: str, **body: object) -> None:
        super().__init__(daemon=True)
        self._arguments = {"url": f"{portal.url}{path}", "headers": dict(person.headers), "timeout": 60, **body}
        self.status: int | None = None
        self.start()

    def run(self) -> None:
        try:
            self.status = requests.post(**self._arguments).status_code  # type: ignore[arg-type]
        except requests.RequestException:
            self.status = None


def kill(portal: PortalProcess) -> None:
    """End a portal and its workers as a power cut would."""
    children = Path(f"/proc/{portal.process.pid}/task/{portal.process.pid}/children").read_text().split()
    for pid in (portal.process.pid, *map(int, children)):
        os.kill(pid, signal.SIGKILL)
    portal.process.wait()


@contextmanager
def held(engine: Engine, statement: str) -> Iterator[None]:
    """Hold what a statement locks, so that the portal gets no further than there."""
    with engine.connect() as connection, connection.begin():
        connection.execute(text(statement))
        yield


def wait_until_held(engine: Engine, statement: str) -> None:
    """Wait until a statement with these words waits for a lock; the minute is a safety net."""
    end = time.monotonic() + 60
    while True:
        with engine.connect() as connection:
            if connection.execute(text(WAITING), {"statement": statement}).scalar_one():
                return
        assert time.monotonic() < end, f"{statement} does not wait"
        time.sleep(0.05)


def clear(app: Flask) -> None:
    with app.app_context():
        keep_house(0)


@pytest.fixture
def silent_s3() -> Iterator[socket.socket]:
    """A bucket's address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)
        yield listener


def test_killed_before_the_parts_are_joined(
    people: People, start_portal: PortalStarter, silent_s3: socket.socket, engine: Engine
) -> None:
    person = people.new()
    upload = direct.begin(person)
    direct.send(person, upload)
    portal = start_portal(variables={"AWS_ENDPOINT_URL_S3": aws.endpoint(silent_s3.getsockname()[1])})
    portal.wait_until_it_answers()
    request = Request(portal, person, f"{UPLOADS}/{upload['video_id']}/complete")
    with silent_s3.accept()[0]:
        kill(portal)
    request.join()
    assert request.status is None
    assert rows(engine, "videos") == 0
    assert direct.complete(person, upload).status_code == 201
    assert (rows(engine, "videos"), rows(engine, "uploads")) == (1, 0)


def test_killed_after_the_parts_were_joined_and_before_the_video_was_recorded(
    people: People, start_portal: PortalStarter, engine: Engine, media_bucket: str, aws_port: int
) -> None:
    person = people.new()
    upload = direct.begin(person)
    direct.send(person, upload)
    portal = start_portal()
    portal.wait_until_it_answers()
    with held(engine, "SELECT id FROM uploads FOR KEY SHARE"):
        request = Request(portal, person, f"{UPLOADS}/{upload['video_id']}/complete")
        wait_until_held(engine, "DELETE FROM uploads")
        assert objects(media_bucket, aws_port) == [f"uploads/{upload['video_id']}.mp4"]
        kill(portal)
    request.join()
    assert request.status is None
    assert rows(engine, "videos") == 0
    (waiting,) = person.get(UPLOADS).json or []
    assert (waiting["missing"], waiting["sent"]) == ([], len(CLIP))
    assert direct.complete(person, upload).status_code == 201
    assert (rows(engine, "videos"), rows(engine, "uploads")) == (1, 0)


def test_killed_with_the_video_written_and_not_committed(
    people: People, start_portal: PortalStarter, engine: Engine
) -> None:
    person = people.new()
    upload = direct.begin(person)
    direct.send(person, upload)
    portal = start_portal()
    portal.wait_until_it_answers()
    with held(engine, NO_INSERTS):
        request = Request(portal, person, f"{UPLOADS}/{upload['video_id']}/complete")
        wait_until_held(engine, INSERT)
        kill(portal)
    request.join()
    assert request.status is None
    assert (rows(engine, "videos"), rows(engine, "uploads")) == (0, 1)
    assert direct.complete(person, upload).status_code == 201
    assert (rows(engine, "videos"), rows(engine, "task_results"), rows(engine, "uploads")) == (1, 1, 0)


def test_killed_after_a_forms_file_reached_the_bucket_and_before_the_video_was_recorded(
    app: Flask, people: People, start_portal: PortalStarter, engine: Engine, media_bucket: str, aws_port: int
) -> None:
    person = people.new()
    portal = start_portal()
    portal.wait_until_it_answers()
    form = {"data": {"title": "Triple doble"}, "files": {"video_file": ("play.mp4", CLIP)}}
    with held(engine, NO_INSERTS):
        request = Request(portal, person, "/api/videos/upload", **form)
        wait_until_held(engine, INSERT)
        assert len(objects(media_bucket, aws_port)) == 1
        kill(portal)
    request.join()
    assert request.status is None
    assert (rows(engine, "videos"), rows(engine, "uploads")) == (0, 1)
    # A file that the portal itself was sending cannot be continued, and takes no place of those that can.
    assert person.get(UPLOADS).json == []
    direct.expire_all(engine)
    clear(app)
    assert objects(media_bucket, aws_port) == []
    assert (rows(engine, "videos"), rows(engine, "uploads")) == (0, 0)


def test_an_upload_that_nobody_finishes_is_cleared_away(
    app: Flask, people: People, engine: Engine, media_bucket: str, aws_port: int
) -> None:
    person = people.new()
    begun, joined = direct.begin(person), direct.begin(person)
    direct.send(person, begun)
    aws.client("s3", aws_port).put_object(Bucket=media_bucket, Key=f"uploads/{joined['video_id']}.mp4", Body=CLIP)
    clear(app)
    assert len(unfinished(media_bucket, aws_port)) == rows(engine, "uploads") == 2
    direct.expire_all(engine)
    clear(app)
    assert objects(media_bucket, aws_port) == unfinished(media_bucket, aws_port) == []
    assert rows(engine, "uploads") == 0


def test_an_upload_is_not_forgotten_while_its_bytes_cannot_be_removed(
    people: People, app_without: object, engine: Engine, app: Flask, media_bucket: str, aws_port: int
) -> None:
    direct.begin(people.new())
    direct.expire_all(engine)
    clear(app_without("s3"))  # type: ignore[operator]
    assert rows(engine, "uploads") == 1
    clear(app)
    assert rows(engine, "uploads") == 0
    assert unfinished(media_bucket, aws_port) == []


def test_more_uploads_than_one_transaction_takes_are_cleared_away(app: Flask, people: People, engine: Engine) -> None:
    for _ in range(5):
        person = people.new()
        for _ in range(5):
            direct.begin(person)
    direct.expire_all(engine)
    clear(app)
    assert rows(engine, "uploads") == 0


def test_a_video_being_recorded_is_not_cleared_away(
    app: Flask, people: People, start_portal: PortalStarter, engine: Engine, media_bucket: str, aws_port: int
) -> None:
    """A request that began in time is past it when it writes; the house is kept meanwhile."""
    person = people.new()
    upload = direct.begin(person)
    direct.send(person, upload)
    portal = start_portal()
    portal.wait_until_it_answers()
    with held(engine, NO_INSERTS):
        request = Request(portal, person, f"{UPLOADS}/{upload['video_id']}/complete")
        wait_until_held(engine, INSERT)
        with engine.begin() as connection:
            row = "SELECT count(*) FROM (SELECT FROM uploads FOR UPDATE SKIP LOCKED) AS free"
            assert connection.execute(text(row)).scalar_one() == 0
        clear(app)
    request.join()
    assert request.status == 201
    assert objects(media_bucket, aws_port) == [f"uploads/{upload['video_id']}.mp4"]
    assert (rows(engine, "videos"), rows(engine, "uploads")) == (1, 0)
