"""Only abandoned uploads are deleted. tests/integration/faults covers portals that die."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import Engine, text

from services.portal.scheduler import run_due
from services.portal.uploads.common import delete_expired
from tests.locks import held, wait_until_held

from . import direct
from .crashes import Request
from .direct import UPLOADS, objects, rows, unfinished
from .people import People
from .process import PortalStarter

# The outbox row is the last write of the transaction.
INSERT = "INSERT INTO task_results"
NO_INSERTS = "LOCK TABLE task_results IN SHARE MODE"


def run_cleanup(app: Flask) -> None:
    with app.app_context():
        run_due(0)


def test_upload_row_stays_while_s3_cannot_delete_its_parts(
    people: People, app_without: object, engine: Engine, app: Flask, media_bucket: str, aws_port: int
) -> None:
    direct.begin(people.new())
    direct.expire_all(engine)
    run_cleanup(app_without("s3"))  # type: ignore[operator]
    assert rows(engine, "uploads") == 1
    run_cleanup(app)
    assert rows(engine, "uploads") == 0
    assert unfinished(media_bucket, aws_port) == []


def test_more_uploads_than_one_batch_are_deleted(app: Flask, people: People, engine: Engine) -> None:
    for _ in range(5):
        person = people.new()
        for _ in range(5):
            direct.begin(person)
    direct.expire_all(engine)
    run_cleanup(app)
    assert rows(engine, "uploads") == 0


def test_upload_that_is_being_completed_is_not_deleted(
    app: Flask, people: People, start_portal: PortalStarter, engine: Engine, media_bucket: str, aws_port: int
) -> None:
    """The upload expires between the start of the request and its write, while the cleanup runs."""
    person = people.new()
    upload = direct.begin(person)
    direct.send(person, upload)
    portal = start_portal()
    portal.wait_until_healthy()
    with held(engine, NO_INSERTS):
        request = Request(portal, person, f"{UPLOADS}/{upload['video_id']}/complete")
        wait_until_held(engine, INSERT)
        with engine.begin() as connection:
            row = "SELECT count(*) FROM (SELECT FROM uploads FOR UPDATE SKIP LOCKED) AS free"
            assert connection.execute(text(row)).scalar_one() == 0
        # Only this task: the others would wait for the locked table.
        with app.app_context():
            assert delete_expired() == 0
    request.join()
    assert request.status == 201
    assert objects(media_bucket, aws_port) == [f"uploads/{upload['video_id']}.mp4"]
    assert (rows(engine, "videos"), rows(engine, "uploads")) == (1, 0)
