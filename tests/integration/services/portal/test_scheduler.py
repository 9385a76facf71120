"""The housekeeper: votes are rolled up, uploads relayed, old sessions forgotten, whatever fails meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from services.portal.scheduler import TASKS, Scheduler, keep_house

from .people import People
from .videos import Videos, cut_connections


def value(engine: Engine, query: str) -> object:
    with engine.connect() as connection:
        return connection.execute(text(query)).scalar_one()


def wait_for(engine: Engine, query: str, expected: object) -> None:
    """Wait until a query gives a value; the minute is a safety net."""
    end = time.monotonic() + 60
    while value(engine, query) != expected:
        assert time.monotonic() < end, query
        time.sleep(0.05)


def test_a_round_rolls_votes_up_and_the_tally_stays(app: Flask, people: People, videos: Videos, engine: Engine) -> None:
    ana = people.new()
    video_id = videos.published(ana)
    videos.vote(video_id, *(people.new() for _ in range(3)))
    with app.app_context():
        keep_house(1)
    assert value(engine, "SELECT votes_count FROM videos") == 3
    assert value(engine, "SELECT count(*) FROM vote_deltas") == 0
    video = ana.get(f"/api/videos/{video_id}").json
    assert video is not None and video["votes"] == 3


def test_old_sessions_are_forgotten_when_it_is_their_turn(app: Flask, people: People, engine: Engine) -> None:
    person = people.new()
    people.browser(person)
    people.browser(person)
    with engine.begin() as connection:
        connection.execute(text("UPDATE user_sessions SET expires_at = now() WHERE id = 1"))
    with app.app_context():
        keep_house(1)
        assert value(engine, "SELECT count(*) FROM user_sessions") == 2
        keep_house(0)
    assert value(engine, "SELECT count(*) FROM user_sessions") == 1


def test_without_the_queue_the_votes_are_rolled_up_all_the_same(
    app_without: Callable[[str], Flask], videos: Videos, engine: Engine
) -> None:
    app = app_without("sqs")
    people = People(app)
    ana = people.new()
    videos.uploaded(ana)
    videos.vote(videos.published(ana), people.new())
    with capture_logs() as lines, app.app_context():
        keep_house(0)
    assert [line["event"] for line in lines] == [
        "uploads wait to be relayed",
        "videos without a sign of life wait to be looked for",
    ]
    assert value(engine, "SELECT sum(votes_count) FROM videos") == 1


@pytest.mark.parametrize("service", ["database", "secrets_manager"])
def test_without_the_database_it_says_so_and_goes_on(app_without: Callable[[str], Flask], service: str) -> None:
    app = app_without(service)
    with capture_logs() as lines, app.app_context():
        keep_house(0)
    assert [(line["log_level"], line["event"]) for line in lines] == [("warning", chore.waiting) for chore in TASKS]


@pytest.mark.own("database")
def test_the_thread_survives_the_loss_of_its_connections(
    app: Flask, people: People, videos: Videos, engine: Engine
) -> None:
    voters = [people.new() for _ in range(2)]
    video_id = videos.published(people.new())
    housekeeper = Scheduler(app)
    housekeeper.start()
    try:
        videos.vote(video_id, voters[0])
        wait_for(engine, "SELECT votes_count FROM videos", 1)
        cut_connections(engine)
        videos.vote(video_id, voters[1])
        wait_for(engine, "SELECT votes_count FROM videos", 2)
    finally:
        housekeeper.stop()


@pytest.mark.own("database")
def test_the_thread_survives_a_bug(app: Flask, people: People, videos: Videos, engine: Engine) -> None:
    video_id = videos.published(people.new())
    voter = people.new()
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE vote_deltas RENAME COLUMN delta TO lost"))
    housekeeper = Scheduler(app)
    housekeeper.start()
    try:
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE vote_deltas RENAME COLUMN lost TO delta"))
        videos.vote(video_id, voter)
        wait_for(engine, "SELECT votes_count FROM videos", 1)
    finally:
        housekeeper.stop()
