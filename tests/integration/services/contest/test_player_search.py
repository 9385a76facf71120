"""Search of players by the beginnings of the words of their names; indexes are used."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine, text

from services.contest.listing import GALLERY, InCity, PageCursor, _statement, gallery
from services.contest.vote_counts import roll_up
from services.contest.votes import cast_vote
from services.shared.database import DRIVER_URL
from tests.integration.services.world import World
from tests.servers import copied_database
from workspace.postgres import Cluster

NAMES = (("Valentina", "Rojas"), ("María José", "Valencia Ñáñez"), ("Andrés", "De la Hoz"), ("Shaquille", "O'Neal"))
MANY = 20_000


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("val", {"Valentina", "María José"}),
        ("VALENTINA", {"Valentina"}),
        ("rojas val", {"Valentina"}),
        ("maria jose", {"María José"}),
        ("ñañ", {"María José"}),
        ("nanez", {"María José"}),
        ("hoz, andrés", {"Andrés"}),
        ("o'ne", {"Shaquille"}),
        ("neal", {"Shaquille"}),
        ("ntina", set()),
        ("valentina valencia", set()),
        ("%", set()),
        ("' | :* & !", set()),
        ("\\", set()),
        ("!rojas", {"Valentina"}),
        ("unknown", set()),
    ],
)
def test_beginnings_of_words_find_players(connection: Connection, world: World, words: str, found: set[str]) -> None:
    for first_name, last_name in NAMES:
        world.publish_video(world.add_person(first_name=first_name, last_name=last_name))
    assert {video.first_name for video in gallery(connection, player=words, limit=10)} == found


def test_name_and_city_are_combined_and_paged(connection: Connection, world: World) -> None:
    cali = InCity(name="Cali", whole=True)
    expected = [world.publish_video(world.add_person(city="Cali", first_name="Valeria")) for _ in range(5)]
    world.publish_video(world.add_person(city="Pasto", first_name="Valeria"))
    world.publish_video(world.add_person(city="Cali", first_name="Ana"))
    # Both rolled-up and waiting votes count for the order.
    cast_vote(connection, expected[3], world.add_person())
    roll_up(connection)
    for voter in (world.add_person(), world.add_person()):
        cast_vote(connection, expected[1], voter)
    whole = [video.id for video in gallery(connection, city=cali, player="vale", limit=10)]
    assert whole[:2] == [expected[1], expected[3]] and set(whole) == set(expected)
    shown, cursor = [], None
    while found := gallery(connection, city=cali, player="vale", after=cursor, limit=2):
        shown += [video.id for video in found]
        cursor = PageCursor.of(found[-1])
    assert shown == whole


def test_hidden_video_is_not_found(connection: Connection, world: World) -> None:
    video_id = world.publish_video(world.add_person(first_name="Valeria"))
    connection.execute(text("UPDATE videos SET hidden_at = now() WHERE id = :id"), {"id": video_id})
    assert gallery(connection, player="valeria", limit=10) == []


@pytest.fixture(scope="module")
def many_players(postgres_server: Cluster, migrated_template: str) -> Iterator[Connection]:
    """A separate database of many players with a video each, so that its statistics are stable."""
    with copied_database(postgres_server, template=migrated_template, owner="anb") as url:
        engine = create_engine(url.replace("postgresql://", DRIVER_URL, 1), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(
                text(
                    "INSERT INTO users (first_name, last_name, email, password_hash, city, country) "
                    "SELECT 'Player' || n, 'Of' || n % 100, n || '@example.com', 'none', 'Cali', 'Colombia' "
                    f"FROM generate_series(1, {MANY}) n"
                )
            )
            connection.execute(
                text(
                    "INSERT INTO videos "
                    "(user_id, title, original_filename, original_url, processed_url, status, is_public) "
                    "SELECT id, 'Triple doble', 'a.mp4', 'a', 'b', 'processed', true FROM users"
                )
            )
            connection.execute(text("ANALYZE users, videos"))
            yield connection
        engine.dispose()


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("in_city", [None, True])
def test_rare_name_uses_indexes(many_players: Connection, in_city: bool | None, after: bool) -> None:
    statement = _statement(GALLERY, in_city, True, after)
    cursor = {"votes": 0, "uploaded_at": "infinity", "id": "00000000-0000-4000-8000-000000000000"} if after else {}
    values = {"player": "player777", "limit": 25, "offset": 0, **({"city": "Cali"} if in_city else {}), **cursor}
    plan = "\n".join(many_players.execute(text(f"EXPLAIN {statement.text}"), values).scalars())
    assert "users_player_words_idx" in plan and "videos_owner_idx" in plan, plan
    assert "Seq Scan on users" not in plan and "Seq Scan on videos" not in plan, plan
