"""A rush of votes leaves nothing behind that everybody would have to read over."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, text

from services.contest.vote_counts import roll_up, vacuum_vote_tables
from tests.integration.services.world import World

RUSH = 20_000


def size(connection: Connection) -> int:
    return int(connection.execute(text("SELECT pg_relation_size('vote_deltas')")).scalar_one())


def test_after_a_rush_the_table_of_waiting_votes_is_small_again(engine: Engine, world: World) -> None:
    video = world.published(world.person())
    with engine.connect() as connection:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(
            text("INSERT INTO vote_deltas (video_id, delta) SELECT :video, 1 FROM generate_series(1, :rush)"),
            {"video": video, "rush": RUSH},
        )
        full = size(connection)
        while roll_up(connection):
            pass
        assert size(connection) == full
        assert vacuum_vote_tables(connection) == ["vote_deltas"]
        assert size(connection) < full / 10
        assert vacuum_vote_tables(connection) == []


def test_a_table_that_another_process_sweeps_is_left_to_it(engine: Engine, world: World) -> None:
    video = world.published(world.person())
    with engine.connect() as connection, engine.connect() as other:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(
            text("INSERT INTO vote_deltas (video_id, delta) SELECT :video, 1 FROM generate_series(1, :rush)"),
            {"video": video, "rush": RUSH},
        )
        while roll_up(connection):
            pass
        full = size(connection)
        other.execute(text("LOCK TABLE vote_deltas IN SHARE UPDATE EXCLUSIVE MODE"))
        vacuum_vote_tables(connection)
        assert size(connection) == full
