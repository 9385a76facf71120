"""The ranking page: its polled list, own positions and the verification of counts."""

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
from services.portal.scheduler import run_due
from services.portal.single_flight_cache import SingleFlightCache

from ..people import People
from ..videos import Videos

LIST = "/rankings/list"


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """The SQL statements that the application sends to its database."""
    executed: list[str] = []

    def record(_: object, __: object, statement: str, *___: object) -> None:
        executed.append(statement)

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", record)
        yield executed
        event.remove(db.engine, "before_cursor_execute", record)


def set_rankings_cache(app: Flask, cache: SingleFlightCache) -> None:
    """Replace an application's cache of rankings."""
    register(app, dataclasses.replace(resources_of(app), ranking_cache=cache))


def published(people: People, videos: Videos, title: str, votes: int) -> UUID:
    video_id = videos.published(people.new(city="Cali"), title=title)
    videos.vote(video_id, *(people.new() for _ in range(votes)))
    return video_id


def test_cached_list_sends_no_sql(
    app: Flask, client: FlaskClient, people: People, videos: Videos, statements: list[str]
) -> None:
    published(people, videos, "Clavada", 1)
    set_rankings_cache(app, SingleFlightCache(3600))
    assert "Clavada" in client.get(LIST).text
    statements.clear()
    for _ in range(50):
        assert client.get(LIST).status_code == 200
    assert statements == []


def test_list_is_cached_by_city_page_and_language(
    app: Flask, client: FlaskClient, people: People, videos: Videos
) -> None:
    published(people, videos, "Clavada", 1)
    set_rankings_cache(app, SingleFlightCache(3600))
    assert "Clavada" in client.get(LIST).text
    assert "Clavada" not in client.get(f"{LIST}?city=Pasto").text
    assert "Clavada" not in client.get(f"{LIST}?page=2").text
    assert "Puesto" in client.get(LIST).text or "Posición" in client.get(LIST).text
    client.set_cookie("language", "en")
    assert "Position" in client.get(LIST).text


def test_unchanged_list_returns_304_until_a_vote(
    app: Flask, client: FlaskClient, people: People, videos: Videos
) -> None:
    set_rankings_cache(app, SingleFlightCache(0))
    video_id = published(people, videos, "Clavada", 1)
    first = client.get(LIST)
    unchanged = client.get(LIST, headers={"If-None-Match": first.headers["ETag"]})
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    assert unchanged.cache_control.no_cache and "Cookie" in unchanged.headers["Vary"]
    videos.vote(video_id, people.new())
    assert client.get(LIST, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_list_has_no_data_of_the_viewer(people: People, videos: Videos, client: FlaskClient) -> None:
    player = people.new(city="Cali")
    videos.vote(videos.published(player, title="Clavada"), people.new())
    browser, csrf = people.browser(player)
    assert "Tus puestos" in browser.get("/rankings").text
    for fragment in (browser.get(LIST).text, client.get(LIST).text):
        assert "Tus puestos" not in fragment and csrf not in fragment


def test_position_changes_are_shown(client: FlaskClient, people: People, videos: Videos, engine: Engine) -> None:
    first, second = published(people, videos, "Clavada", 1), published(people, videos, "Triple", 2)
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        roll_up(connection)
        record_daily_ranks(connection)
    videos.vote(first, people.new(), people.new())
    page = client.get("/rankings").text
    assert page.index(str(first)) < page.index(str(second))
    assert "1 puesto arriba hoy" in page and "1 puesto abajo hoy" in page


def test_verification_page_reports_exact_and_wrong_counts(
    app: Flask, client: FlaskClient, people: People, videos: Videos, engine: Engine
) -> None:
    path = "/rankings/verification"
    assert "El primer conteo aún no termina." in client.get(path).text
    published(people, videos, "Clavada", 3)

    def recount() -> str:
        with engine.begin() as connection:
            connection.execute(text("UPDATE tally_checks SET checked_at = '-infinity'"))
        for _ in range(16):
            with app.app_context():
                run_due(0)
        return client.get(path).text

    assert "cada video tiene exactamente los votos que muestra" in recount()
    assert "exacto" in client.get("/rankings").text
    with engine.begin() as connection:
        connection.execute(text("UPDATE videos SET votes_count = votes_count + 1"))
    assert "1 video no muestra los votos que tiene." in recount()
    assert "exacto" not in client.get("/rankings").text


@pytest.mark.parametrize(
    ("period", "message"),
    [
        ("opens_at = now() + interval '1 day'", "La votación abre el"),
        ("closes_at = now() + interval '1 day'", "La votación cierra el"),
        ("freezes_at = now()", "Los conteos se quedan quietos hasta que la votación cierre."),
        ("freezes_at = now(), closes_at = now() + interval '1 day'", "Los conteos se quedan quietos hasta que"),
        ("closes_at = now()", "La votación cerró el"),
    ],
)
def test_voting_period_is_shown(client: FlaskClient, engine: Engine, period: str, message: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE voting_period SET {period}"))
    for path in ("/rankings", "/gallery"):
        assert message in client.get(path).text
