"""The ranking as a page that stands open: its list, own places, and that it was counted right."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, text

from services.contest.rankings import record_daily_ranks
from services.contest.vote_counts import roll_up
from services.portal.database import db
from services.portal.resources import register, resources_of
from services.portal.scheduler import keep_house
from services.portal.single_flight_cache import SingleFlightCache

from ..people import People
from ..videos import Videos

LIST = "/rankings/list"


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """What the application asks of its database."""
    asked: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        asked.append(statement)

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
        yield asked
        event.remove(db.engine, "before_cursor_execute", note)


def keep_rankings(app: Flask, kept: SingleFlightCache) -> None:
    """Let an application keep its rankings for another time."""
    register(app, dataclasses.replace(resources_of(app), rankings=kept))


def published(people: People, videos: Videos, title: str, votes: int) -> UUID:
    video_id = videos.published(people.new(city="Cali"), title=title)
    videos.vote(video_id, *(people.new() for _ in range(votes)))
    return video_id


def test_however_many_look_the_list_is_made_once(
    app: Flask, client: FlaskClient, people: People, videos: Videos, statements: list[str]
) -> None:
    published(people, videos, "Clavada", 1)
    keep_rankings(app, SingleFlightCache(3600))
    assert "Clavada" in client.get(LIST).text
    statements.clear()
    for _ in range(50):
        assert client.get(LIST).status_code == 200
    assert statements == []


def test_what_is_kept_is_kept_by_city_page_and_language(
    app: Flask, client: FlaskClient, people: People, videos: Videos
) -> None:
    published(people, videos, "Clavada", 1)
    keep_rankings(app, SingleFlightCache(3600))
    assert "Clavada" in client.get(LIST).text
    assert "Clavada" not in client.get(f"{LIST}?city=Pasto").text
    assert "Clavada" not in client.get(f"{LIST}?page=2").text
    assert "Puesto" in client.get(LIST).text or "Posición" in client.get(LIST).text
    client.set_cookie("language", "en")
    assert "Position" in client.get(LIST).text


def test_an_unchanged_list_costs_no_body_and_a_vote_changes_it(
    app: Flask, client: FlaskClient, people: People, videos: Videos
) -> None:
    keep_rankings(app, SingleFlightCache(0))
    video_id = published(people, videos, "Clavada", 1)
    first = client.get(LIST)
    unchanged = client.get(LIST, headers={"If-None-Match": first.headers["ETag"]})
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    assert unchanged.cache_control.no_cache and "Cookie" in unchanged.headers["Vary"]
    videos.vote(video_id, people.new())
    assert client.get(LIST, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_the_list_holds_nothing_of_the_person_who_asks(people: People, videos: Videos, client: FlaskClient) -> None:
    player = people.new(city="Cali")
    videos.vote(videos.published(player, title="Clavada"), people.new())
    browser, csrf = people.browser(player)
    assert "Tus puestos" in browser.get("/rankings").text
    for text_of_list in (browser.get(LIST).text, client.get(LIST).text):
        assert "Tus puestos" not in text_of_list and csrf not in text_of_list


def test_places_won_and_lost_are_told(client: FlaskClient, people: People, videos: Videos, engine: Engine) -> None:
    first, second = published(people, videos, "Clavada", 1), published(people, videos, "Triple", 2)
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        roll_up(connection)
        record_daily_ranks(connection)
    videos.vote(first, people.new(), people.new())
    page = client.get("/rankings").text
    assert page.index(str(first)) < page.index(str(second))
    assert "1 puesto arriba hoy" in page and "1 puesto abajo hoy" in page


def test_everybody_can_read_that_the_votes_were_counted_right(
    app: Flask, client: FlaskClient, people: People, videos: Videos, engine: Engine
) -> None:
    path = "/rankings/verification"
    assert "El primer conteo aún no termina." in client.get(path).text
    published(people, videos, "Clavada", 3)

    def count_again() -> str:
        with engine.begin() as connection:
            connection.execute(text("UPDATE tally_checks SET checked_at = '-infinity'"))
        for _ in range(16):
            with app.app_context():
                keep_house(0)
        return client.get(path).text

    assert "cada video tiene exactamente los votos que muestra" in count_again()
    assert "exacto" in client.get("/rankings").text
    with engine.begin() as connection:
        connection.execute(text("UPDATE videos SET votes_count = votes_count + 1"))
    assert "1 video no muestra los votos que tiene." in count_again()
    assert "exacto" not in client.get("/rankings").text


@pytest.mark.parametrize(
    ("period", "told"),
    [
        ("opens_at = now() + interval '1 day'", "La votación abre el"),
        ("closes_at = now() + interval '1 day'", "La votación cierra el"),
        ("freezes_at = now()", "Los conteos se quedan quietos hasta que la votación cierre."),
        ("freezes_at = now(), closes_at = now() + interval '1 day'", "Los conteos se quedan quietos hasta que"),
        ("closes_at = now()", "La votación cerró el"),
    ],
)
def test_the_voting_period_is_told(client: FlaskClient, engine: Engine, period: str, told: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE voting_period SET {period}"))
    for path in ("/rankings", "/gallery"):
        assert told in client.get(path).text
