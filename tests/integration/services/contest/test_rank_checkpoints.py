"""Checkpoints of the ranking: ranks are exact whatever has changed since the last refresh."""

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
# More videos than between two checkpoints, so that each city has several; few distinct counts, so that many are equal.
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
_BY_CHECKPOINTS = text(
    f"""
    SELECT id, 1 + {videos_ahead("mine", in_city=False)} AS position,
           1 + {videos_ahead("mine", in_city=True)} AS city_position
    FROM (SELECT id, uploaded_at, city_key, votes_count AS votes FROM videos WHERE is_open AND votes_count > 0) AS mine
    """
)
CHANGES = {
    "nothing": "SELECT 1",
    "votes are rolled up": "UPDATE videos SET votes_count = votes_count + 3 WHERE title < 'u' AND random() < 0.3",
    "votes are retracted": "UPDATE videos SET votes_count = greatest(votes_count - 4, 0) WHERE random() < 0.3",
    "videos are hidden": "UPDATE videos SET hidden_at = now() WHERE random() < 0.3",
    "videos are shown again": "UPDATE videos SET hidden_at = NULL",
    "videos are withdrawn": "UPDATE videos SET is_public = false WHERE random() < 0.1",
    "videos are deleted": "DELETE FROM videos WHERE random() < 0.3",
    "a player moves": "UPDATE videos SET city = 'Cali' WHERE random() < 0.2",
    "a video's title changes": "UPDATE videos SET title = 'another'",
}


@pytest.fixture
def filled(connection: Connection, world: World) -> Connection:
    people = [world.add_person(city=city) for city in CITIES]
    connection.execute(_FILL, {"videos": VIDEOS, "people": people, "count": len(people)})
    return connection


def refresh(engine: Engine) -> bool:
    with engine.begin() as connection:
        return refresh_checkpoints(connection)


def assert_ranks_are_exact(connection: Connection) -> None:
    def found(statement: object) -> dict[UUID, tuple[int, int]]:
        rows = connection.execute(statement)  # type: ignore[call-overload]
        return {row.id: (row.position, row.city_position) for row in rows}

    assert found(_BY_CHECKPOINTS) == found(_BY_SORTING)


def count_changes(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM rank_changes")).scalar_one())


@pytest.mark.parametrize("change", CHANGES)
def test_ranks_are_exact_after(filled: Connection, engine: Engine, change: str) -> None:
    assert refresh(engine)
    filled.execute(text(CHANGES[change]))
    assert_ranks_are_exact(filled)


def test_ranks_are_exact_after_all_changes_in_sequence(filled: Connection, engine: Engine) -> None:
    assert refresh(engine)
    for statement in (*CHANGES.values(), *reversed(CHANGES.values())):
        filled.execute(text(statement))
    assert_ranks_are_exact(filled)


def test_ranks_are_exact_without_checkpoints(filled: Connection) -> None:
    assert_ranks_are_exact(filled)
    player = filled.execute(text("SELECT user_id FROM videos LIMIT 1")).scalar_one()
    assert len(find_player_ranks(filled, player)) == 20


def test_changes_outside_the_ranking_are_not_recorded(filled: Connection, engine: Engine) -> None:
    assert refresh(engine)
    filled.execute(text(CHANGES["a video's title changes"]))
    filled.execute(
        text(
            "INSERT INTO videos (user_id, title, original_filename, original_url) "
            "SELECT user_id, 't', 'f', 'u' FROM videos LIMIT 1"
        )
    )
    assert count_changes(filled) == 0


def test_checkpoints_are_replaced_only_after_many_changes(filled: Connection, engine: Engine) -> None:
    assert [refresh(engine), refresh(engine)] == [True, False]
    for number in itertools.count(1):
        filled.execute(text("UPDATE videos SET votes_count = votes_count + 1"))
        if refresh(engine):
            break
        # Hidden videos and videos without votes count too: two changes per update.
        assert count_changes(filled) == number * 2 * VIDEOS
    assert count_changes(filled) == 0
    assert_ranks_are_exact(filled)


def test_transaction_that_commits_after_a_refresh_is_counted(filled: Connection, engine: Engine) -> None:
    with engine.begin() as late:
        late.execute(text(CHANGES["videos are hidden"]))
        assert refresh(engine)
        assert_ranks_are_exact(filled)
    assert_ranks_are_exact(filled)


def test_one_process_at_a_time_refreshes(filled: Connection, engine: Engine) -> None:
    with engine.begin() as first:
        assert refresh_checkpoints(first)
        assert not refresh(engine)
    assert not refresh(engine)
    assert_ranks_are_exact(filled)
