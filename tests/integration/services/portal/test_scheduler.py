"""The scheduler rolls up votes, relays uploads and deletes old sessions, and survives failures."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from services.portal.scheduler import TASKS, Scheduler, run_due

from .people import People
from .videos import Videos, cut_connections


def query_value(engine: Engine, query: str) -> object:
    with engine.connect() as connection:
        return connection.execute(text(query)).scalar_one()


def wait_until_query(engine: Engine, query: str, expected: object) -> None:
    """Wait up to a minute until a query returns the expected value."""
    end = time.monotonic() + 60
    while query_value(engine, query) != expected:
        assert time.monotonic() < end, query
        time.sleep(0.05)


def test_round_rolls_votes_up_without_changing_counts(
    app: Flask, people: People, videos: Videos, engine: Engine
) -> None:
    ana = people.new()
    video_id = videos.published(ana)
    videos.vote(video_id, *(people.new() for _ in range(3)))
    with app.app_context():
        run_due(1)
    assert query_value(engine, "SELECT votes_count FROM videos") == 3
    assert query_value(engine, "SELECT count(*) FROM vote_deltas") == 0
    video = ana.get(f"/api/videos/{video_id}").json
    assert video is not None and video["votes"] == 3


def test_expired_sessions_are_deleted_in_their_round(app: Flask, people: People, engine: Engine) -> None:
    person = people.new()
    people.browser(person)
    people.browser(person)
    with engine.begin() as connection:
        connection.execute(text("UPDATE user_sessions SET expires_at = now() WHERE id = 1"))
    with app.app_context():
        run_due(1)
        assert query_value(engine, "SELECT count(*) FROM user_sessions") == 2
        run_due(0)
    assert query_value(engine, "SELECT count(*) FROM user_sessions") == 1


def test_votes_are_rolled_up_while_sqs_is_unreachable(
    app_without: Callable[[str], Flask], videos: Videos, engine: Engine
) -> None:
    app = app_without("sqs")
    people = People(app)
    ana = people.new()
    videos.uploaded(ana)
    videos.vote(videos.published(ana), people.new())
    with capture_logs() as lines, app.app_context():
        run_due(0)
    assert [line["event"] for line in lines] == [
        "uploads wait to be relayed",
        "videos without a sign of life wait to be looked for",
    ]
    assert query_value(engine, "SELECT sum(votes_count) FROM videos") == 1


@pytest.mark.parametrize("service", ["database", "secrets_manager"])
def test_unreachable_database_is_logged_per_task(app_without: Callable[[str], Flask], service: str) -> None:
    app = app_without(service)
    with capture_logs() as lines, app.app_context():
        run_due(0)
    assert [(line["log_level"], line["event"]) for line in lines] == [("warning", task.failure_event) for task in TASKS]


@pytest.mark.own("database")
def test_thread_survives_lost_connections(app: Flask, people: People, videos: Videos, engine: Engine) -> None:
    voters = [people.new() for _ in range(2)]
    video_id = videos.published(people.new())
    scheduler = Scheduler(app)
    scheduler.start()
    try:
        videos.vote(video_id, voters[0])
        wait_until_query(engine, "SELECT votes_count FROM videos", 1)
        cut_connections(engine)
        videos.vote(video_id, voters[1])
        wait_until_query(engine, "SELECT votes_count FROM videos", 2)
    finally:
        scheduler.stop()


@pytest.mark.own("database")
def test_thread_survives_an_unexpected_error(app: Flask, people: People, videos: Videos, engine: Engine) -> None:
    video_id = videos.published(people.new())
    voter = people.new()
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE vote_deltas RENAME COLUMN delta TO lost"))
    scheduler = Scheduler(app)
    scheduler.start()
    try:
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE vote_deltas RENAME COLUMN lost TO delta"))
        videos.vote(video_id, voter)
        wait_until_query(engine, "SELECT votes_count FROM videos", 1)
    finally:
        scheduler.stop()
