"""Marks in the ranking: the places they lead to are those of the ranking, whatever came and went since."""

from __future__ import annotations

import itertools
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, text

from services.contest.rank_checkpoints import refresh_checkpoints, videos_ahead
from services.contest.rankings import find_player_ranks
from tests.integration.services.world import World

VIDEOS = 900
CITIES = ("Cali", "Bogotá", "Neiva")
# More than the marks are apart, so that each city has several, and few enough votes that many videos are equal.
_FILL = text(
    """
    INSERT INTO videos (user_id, title, original_filename, original_url, processed_url, status, is_public, uploaded_at,
                        votes_count)
    SELECT u.id, 't', 'f', 'u', 'p', 'processed', true, now() - (number % 50) * interval '1 day', number * 7 % 20
    FROM generate_series(1, :videos) AS number JOIN users u ON u.id = (:people)[1 + number % :count]
    """
)
_BY_SORTING = text(
    """
    SELECT id, row_number() OVER (ORDER BY -votes_count, uploaded_at, id) AS position,
           row_number() OVER (PARTITION BY city_key ORDER BY -votes_count, uploaded_at, id) AS city_position
    FROM videos WHERE is_open AND votes_count > 0
    """
)
_BY_MARKS = text(
    f"""
    SELECT id, 1 + {videos_ahead("mine", in_city=False)} AS position,
           1 + {videos_ahead("mine", in_city=True)} AS city_position
    FROM (SELECT id, uploaded_at, city_key, votes_count AS votes FROM videos WHERE is_open AND votes_count > 0) AS mine
    """
)
CHANGES = {
    "nothing": "SELECT 1",
    "votes are rolled up": "UPDATE videos SET votes_count = votes_count + 3 WHERE title < 'u' AND random() < 0.3",
    "votes are taken back": "UPDATE videos SET votes_count = greatest(votes_count - 4, 0) WHERE random() < 0.3",
    "videos are hidden": "UPDATE videos SET hidden_at = now() WHERE random() < 0.3",
    "videos are shown again": "UPDATE videos SET hidden_at = NULL",
    "videos are withdrawn": "UPDATE videos SET is_public = false WHERE random() < 0.1",
    "videos are deleted": "DELETE FROM videos WHERE random() < 0.3",
    "a player moves": "UPDATE videos SET city = 'Cali' WHERE random() < 0.2",
    "a video's title changes": "UPDATE videos SET title = 'another'",
}


@pytest.fixture
def filled(connection: Connection, world: World) -> Connection:
    people = [world.person(city=city) for city in CITIES]
    connection.execute(_FILL, {"videos": VIDEOS, "people": people, "count": len(people)})
    return connection


def mark(engine: Engine) -> bool:
    with engine.begin() as connection:
        return refresh_checkpoints(connection)


def check(connection: Connection) -> None:
    def found(statement: object) -> dict[UUID, tuple[int, int]]:
        rows = connection.execute(statement)  # type: ignore[call-overload]
        return {row.id: (row.position, row.city_position) for row in rows}

    assert found(_BY_MARKS) == found(_BY_SORTING)


def changes(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM rank_changes")).scalar_one())


@pytest.mark.parametrize("change", CHANGES)
def test_places_are_exact_after(filled: Connection, engine: Engine, change: str) -> None:
    assert mark(engine)
    filled.execute(text(CHANGES[change]))
    check(filled)


def test_places_are_exact_after_one_change_upon_another(filled: Connection, engine: Engine) -> None:
    assert mark(engine)
    for statement in (*CHANGES.values(), *reversed(CHANGES.values())):
        filled.execute(text(statement))
    check(filled)


def test_without_marks_the_videos_are_counted(filled: Connection) -> None:
    check(filled)
    player = filled.execute(text("SELECT user_id FROM videos LIMIT 1")).scalar_one()
    assert len(find_player_ranks(filled, player)) == 20


def test_what_changes_nothing_in_the_ranking_is_not_noted(filled: Connection, engine: Engine) -> None:
    assert mark(engine)
    filled.execute(text(CHANGES["a video's title changes"]))
    filled.execute(
        text(
            "INSERT INTO videos (user_id, title, original_filename, original_url) "
            "SELECT user_id, 't', 'f', 'u' FROM videos LIMIT 1"
        )
    )
    assert changes(filled) == 0


def test_marks_are_set_anew_only_when_much_has_changed(filled: Connection, engine: Engine) -> None:
    assert [mark(engine), mark(engine)] == [True, False]
    for number in itertools.count(1):
        filled.execute(text("UPDATE videos SET votes_count = votes_count + 1"))
        if mark(engine):
            break
        # What is hidden or without a vote counts as well: two for each change.
        assert changes(filled) == number * 2 * VIDEOS
    assert changes(filled) == 0
    check(filled)


def test_what_ends_after_the_marks_were_set_is_counted_on_top(filled: Connection, engine: Engine) -> None:
    with engine.begin() as late:
        late.execute(text(CHANGES["videos are hidden"]))
        assert mark(engine)
        check(filled)
    check(filled)


def test_one_process_at_a_time_sets_them(filled: Connection, engine: Engine) -> None:
    with engine.begin() as first:
        assert refresh_checkpoints(first)
        assert not mark(engine)
    assert not mark(engine)
    check(filled)
