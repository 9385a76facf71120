"""Ranking and gallery: equal to a sort of all videos, at any time and from any cursor."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError

from services.contest.listing import InCity, PageCursor, gallery
from services.contest.rankings import (
    Ranked,
    RankingCursor,
    cities,
    find_player_ranks,
    ranking,
    ranking_after,
    record_daily_ranks,
)
from services.contest.vote_counts import roll_up
from services.contest.votes import cast_vote, retract_vote
from services.videos.records import Video, find_video
from tests.integration.services.world import World
from tests.locks import wait_until_held

CITIES = ("Cali", "Bogotá")


def find_open_videos(connection: Connection, videos: list[UUID]) -> list[Video]:
    found = [find_video(connection, video_id) for video_id in videos]
    return [video for video in found if video is not None and video.is_open]


def sort_by_ranking(videos: list[Video]) -> list[UUID]:
    voted = [video for video in videos if video.votes > 0]
    return [video.id for video in sorted(voted, key=lambda video: (-video.votes, video.uploaded_at, video.id))]


def sort_by_gallery(videos: list[Video]) -> list[UUID]:
    key = lambda video: (video.votes, video.uploaded_at, video.id)  # noqa: E731
    return [video.id for video in sorted(videos, key=key, reverse=True)]


def ids(ranked: list[Ranked]) -> list[UUID]:
    return [row.video.id for row in ranked]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.sampled_from(["vote", "retract"]), st.integers(0, 5), st.integers(0, 3)),
            st.tuples(st.just("roll"), st.integers(1, 4), st.just(0)),
            st.tuples(st.sampled_from(["hide", "show"]), st.integers(0, 5), st.just(0)),
        ),
        max_size=40,
    ),
    limit=st.integers(1, 4),
    city=st.sampled_from([None, *CITIES]),
)
def test_every_page_equals_the_sorted_list(
    connection: Connection, world: World, steps: list[tuple[str, int, int]], limit: int, city: str | None
) -> None:
    connection.execute(text("DELETE FROM videos"))
    videos = [world.publish_video(world.add_person(city=CITIES[number % 2])) for number in range(6)]
    voters = [world.add_person() for _ in range(4)]
    for verb, number, voter in steps:
        match verb:
            case "vote":
                cast_vote(connection, videos[number], voters[voter])
            case "retract":
                retract_vote(connection, videos[number], voters[voter])
            case "roll":
                roll_up(connection, most=number)
            case "hide" | "show":
                moment = "now()" if verb == "hide" else "NULL"
                statement = text(f"UPDATE videos SET hidden_at = {moment} WHERE id = :id")
                connection.execute(statement, {"id": videos[number]})
    within = InCity(name=city, whole=True) if city else None
    known = [video for video in find_open_videos(connection, videos) if city in (None, video.city)]
    expected = sort_by_ranking(known)
    for page in range(1, len(expected) // limit + 2):
        ranked = ranking(connection, city=within, page=page, limit=limit)
        assert ids(ranked) == expected[(page - 1) * limit : page * limit]
        assert [row.position for row in ranked] == list(
            range((page - 1) * limit + 1, len(ranked) + 1 + (page - 1) * limit)
        )
        if ranked:
            after = RankingCursor(position=ranked[-1].position, cursor=PageCursor.of(ranked[-1].video))
            rest = ranking_after(connection, after, city=within, limit=limit)
            assert ids(rest) == expected[page * limit : (page + 1) * limit]
            assert [row.position for row in rest] == list(range(page * limit + 1, page * limit + 1 + len(rest)))
    shown: list[UUID] = []
    cursor = None
    while len(shown) <= len(known):
        found = gallery(connection, city=within, after=cursor, limit=limit)
        shown += [video.id for video in found]
        if not found:
            break
        cursor = PageCursor.of(found[-1])
    assert shown == sort_by_gallery(known)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(votes=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=30), rolled=st.integers(0, 30))
def test_player_ranks_match_the_ranking(
    connection: Connection, world: World, votes: list[tuple[int, int]], rolled: int
) -> None:
    connection.execute(text("DELETE FROM videos"))
    players = [world.add_person(city=CITIES[number % 2]) for number in range(3)]
    videos = [world.publish_video(players[number % 3]) for number in range(6)]
    voters = [world.add_person() for _ in range(6)]
    for index, (number, voter) in enumerate(votes):
        cast_vote(connection, videos[number], voters[voter])
        if index == rolled:
            roll_up(connection)
    country = {row.video.id: row.position for row in ranking(connection, limit=100)}
    for number, player in enumerate(players):
        city = InCity(name=CITIES[number % 2], whole=True)
        in_city = {row.video.id: row.position for row in ranking(connection, city=city, limit=100)}
        ranks = find_player_ranks(connection, player)
        own = {video for index, video in enumerate(videos) if index % 3 == number and video in country}
        assert {rank.video_id for rank in ranks} == own
        for rank in ranks:
            assert rank.position == country[rank.video_id]
            assert rank.city_position == in_city[rank.video_id]
        assert [rank.position for rank in ranks] == sorted(rank.position for rank in ranks)


@pytest.mark.parametrize(
    ("part", "found"),
    [("cal", 1), ("ALI", 1), ("%", 0), ("_ali", 0), ("o", 2), ("bogota", 1), ("BOGOTÁ", 1), (" bogotá ", 1), ("x", 0)],
)
def test_part_of_a_city_name(connection: Connection, world: World, part: str, found: int) -> None:
    for city in ("Cali", "Pasto", "Bogotá"):
        world.publish_video(world.add_person(city=city))
    assert len(gallery(connection, city=InCity(name=part, whole=False), limit=10)) == found


def test_whole_city_name_matches_exactly(connection: Connection, world: World) -> None:
    for city in ("Santa", "Santa Marta"):
        world.publish_video(world.add_person(city=city))
    assert len(gallery(connection, city=InCity(name="Santa", whole=False), limit=10)) == 2
    assert len(gallery(connection, city=InCity(name="Santa", whole=True), limit=10)) == 1


def test_each_city_with_open_videos_is_listed_once(connection: Connection, world: World) -> None:
    leading = world.publish_video(world.add_person(city="Bogotá"))
    for city in ("Pasto", "bogota", "BOGOTÁ", "Cali", "Cali"):
        world.publish_video(world.add_person(city=city))
    world.add_video(world.add_person(city="Quito"))
    cast_vote(connection, leading, world.add_person())
    roll_up(connection)
    assert cities(connection) == ["Bogotá", "Cali", "Pasto"]


def test_no_videos_no_cities(connection: Connection) -> None:
    assert cities(connection) == []


def test_rank_changes_are_relative_to_the_start_of_the_day(connection: Connection, world: World) -> None:
    first, second, late = (world.publish_video(world.add_person(city="Cali")) for _ in range(3))
    voters = [world.add_person() for _ in range(3)]
    cast_vote(connection, first, voters[0])
    cast_vote(connection, first, voters[1])
    cast_vote(connection, second, voters[0])
    assert [row.change for row in ranking(connection, limit=5)] == [None, None]
    roll_up(connection)
    assert record_daily_ranks(connection) == 2
    assert record_daily_ranks(connection) == 0
    for voter in voters[1:]:
        cast_vote(connection, second, voter)
    cast_vote(connection, late, voters[0])
    country = ranking(connection, limit=5)
    assert [(row.video.id, row.change) for row in country] == [(second, 1), (first, -1), (late, None)]
    in_city = ranking(connection, city=InCity(name="cali", whole=True), limit=5)
    assert [row.change for row in in_city] == [1, -1, None]
    part = ranking(connection, city=InCity(name="al", whole=False), limit=5)
    assert [row.change for row in part] == [None, None, None]


def test_yesterdays_ranks_are_deleted(connection: Connection, world: World) -> None:
    video_id = world.publish_video(world.add_person())
    cast_vote(connection, video_id, world.add_person())
    roll_up(connection)
    record_daily_ranks(connection)
    connection.execute(text("UPDATE standings SET taken_on = taken_on - 1"))
    assert record_daily_ranks(connection) == 1
    assert connection.execute(text("SELECT count(*) FROM standings")).scalar_one() == 1


def test_one_process_at_a_time_records_daily_ranks(engine: Engine, connection: Connection, world: World) -> None:
    cast_vote(connection, world.publish_video(world.add_person()), world.add_person())
    roll_up(connection)
    with engine.begin() as taking:
        assert record_daily_ranks(taking) == 1
        assert record_daily_ranks(connection) == 0


def test_deletion_and_daily_ranks_do_not_deadlock(engine: Engine, connection: Connection, world: World) -> None:
    """Recording waits for a video that its owner is deleting; yesterday's ranks are not locked meanwhile."""
    video_id = world.publish_video(world.add_person())
    cast_vote(connection, video_id, world.add_person())
    roll_up(connection)
    record_daily_ranks(connection)
    connection.execute(text("UPDATE standings SET taken_on = taken_on - 1"))
    with ThreadPoolExecutor(1) as thread, engine.connect() as deleting:
        deleting.execute(text("SELECT FROM videos WHERE id = :id FOR UPDATE"), {"id": video_id})

        def take() -> int:
            with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as own:
                return record_daily_ranks(own)

        taking = thread.submit(take)
        wait_until_held(engine, "INSERT INTO standings")
        deleting.execute(text("DELETE FROM videos WHERE id = :id"), {"id": video_id})
        deleting.commit()
        with pytest.raises(IntegrityError):
            taking.result()
    assert record_daily_ranks(connection) == 0
    assert connection.execute(text("SELECT count(*) FROM standings")).scalar_one() == 0
