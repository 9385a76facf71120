"""Votes: one per person and video, and counts that are exact at every moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from itertools import count
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from services.contest.listing import gallery
from services.contest.rankings import ranking
from services.contest.vote_counts import roll_up
from services.contest.votes import VoteResult, cast_vote, voted_videos
from services.videos.records import Deletion, delete_video, find_video
from tests.integration.services.world import World
from tests.locks import held, wait_until_held


def count_votes(connection: Connection, video_id: object) -> int:
    found = find_video(connection, video_id)  # type: ignore[arg-type]
    assert found is not None
    return found.votes


def test_vote_counts_immediately_and_once(connection: Connection, world: World) -> None:
    video_id, voter = world.publish_video(world.add_person()), world.add_person()
    assert cast_vote(connection, video_id, voter) is VoteResult.COUNTED
    assert count_votes(connection, video_id) == 1
    assert cast_vote(connection, video_id, voter) is VoteResult.ALREADY_VOTED
    assert count_votes(connection, video_id) == 1
    assert voted_videos(connection, voter) == [video_id]


def test_votes_for_unavailable_and_own_videos_are_rejected(connection: Connection, world: World) -> None:
    owner, voter = world.add_person(), world.add_person()
    waiting, private = world.add_video(owner), world.add_video(owner, is_public=False)
    assert cast_vote(connection, uuid4(), voter) is VoteResult.NOT_AVAILABLE
    assert cast_vote(connection, waiting, voter) is VoteResult.NOT_AVAILABLE
    assert cast_vote(connection, private, voter) is VoteResult.NOT_AVAILABLE
    assert cast_vote(connection, waiting, owner) is VoteResult.OWN_VIDEO
    assert cast_vote(connection, world.publish_video(owner), owner) is VoteResult.OWN_VIDEO
    delete_video(connection, waiting, owner)
    assert cast_vote(connection, waiting, owner) is VoteResult.OWN_VIDEO
    assert cast_vote(connection, waiting, voter) is VoteResult.NOT_AVAILABLE


@pytest.mark.own("database")
def test_vote_and_delta_are_inserted_atomically(connection: Connection, world: World) -> None:
    video_id, voter = world.publish_video(world.add_person()), world.add_person()
    connection.execute(text("ALTER TABLE vote_deltas ADD CHECK (delta <> 1)"))
    with pytest.raises(Exception, match="vote_deltas"):
        cast_vote(connection, video_id, voter)
    assert voted_videos(connection, voter) == []
    connection.execute(text("ALTER TABLE vote_deltas DROP CONSTRAINT vote_deltas_delta_check"))
    assert cast_vote(connection, video_id, voter) is VoteResult.COUNTED


def test_roll_up_does_not_change_counts(connection: Connection, world: World) -> None:
    owner = world.add_person()
    videos = [world.publish_video(owner) for _ in range(2)]
    for voter in [world.add_person() for _ in range(3)]:
        for video_id in videos:
            cast_vote(connection, video_id, voter)
    assert roll_up(connection, most=4) == 4
    assert [count_votes(connection, video_id) for video_id in videos] == [3, 3]
    assert roll_up(connection) == 2
    assert roll_up(connection) == 0
    assert list(connection.execute(text("SELECT votes_count FROM videos")).scalars()) == [3, 3]


def test_one_process_at_a_time_rolls_up(engine: Engine, connection: Connection, world: World) -> None:
    """Two at once could deadlock: one waits for a row's old version, the other for its new one."""
    video_id = world.publish_video(world.add_person())
    for _ in range(3):
        cast_vote(connection, video_id, world.add_person())
    with engine.begin() as rolling:
        assert roll_up(rolling, most=1) == 1
        assert roll_up(connection) == 0
        assert count_votes(connection, video_id) == 3
    assert roll_up(connection) == 2
    assert count_votes(connection, video_id) == 3


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.one_of(st.tuples(st.integers(0, 2), st.integers(0, 3)), st.just("roll")), max_size=40))
def test_count_always_equals_the_number_of_votes(
    connection: Connection, world: World, steps: list[tuple[int, int] | str]
) -> None:
    owner, voters = world.add_person(), [world.add_person() for _ in range(4)]
    videos = [world.publish_video(owner) for _ in range(3)]
    expected: set[tuple[int, int]] = set()
    for step in steps:
        if isinstance(step, str):
            roll_up(connection, most=3)
            continue
        video, voter = step
        result = cast_vote(connection, videos[video], voters[voter])
        assert result is (VoteResult.ALREADY_VOTED if step in expected else VoteResult.COUNTED)
        expected.add(step)
        of_video = sum(1 for known, _ in expected if known == video)
        assert count_votes(connection, videos[video]) == of_video
    counts = [sum(1 for known, _ in expected if known == video) for video in range(3)]
    assert [count_votes(connection, video_id) for video_id in videos] == counts


def test_concurrent_votes_and_roll_ups_are_exact(engine: Engine, connection: Connection, world: World) -> None:
    owner = world.add_person()
    videos = [world.publish_video(owner) for _ in range(3)]
    voters = [world.add_person() for _ in range(40)]
    calls = count()

    def act(number: int) -> list[VoteResult]:
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as own:
            results = [cast_vote(own, video_id, voters[number]) for video_id in videos for _ in range(2)]
            if next(calls) % 3 == 0:
                roll_up(own, most=7)
        return results

    with ThreadPoolExecutor(12) as threads:
        results = [result for some in threads.map(act, range(40)) for result in some]
    assert results.count(VoteResult.COUNTED) == results.count(VoteResult.ALREADY_VOTED) == 120
    assert [count_votes(connection, video_id) for video_id in videos] == [40, 40, 40]
    while roll_up(connection):
        pass
    assert list(connection.execute(text("SELECT votes_count FROM videos")).scalars()) == [40, 40, 40]


@pytest.mark.parametrize("rolled", [True, False])
def test_gallery_and_ranking_include_waiting_votes(connection: Connection, world: World, rolled: bool) -> None:
    owner, voters = world.add_person(), [world.add_person() for _ in range(2)]
    few, many, none = (
        world.publish_video(owner),
        world.publish_video(owner),
        world.publish_video(owner),
    )
    cast_vote(connection, few, voters[0])
    if rolled:
        roll_up(connection)
    for voter in voters:
        cast_vote(connection, many, voter)
    assert [(video.id, video.votes) for video in gallery(connection, limit=10)] == [(many, 2), (few, 1), (none, 0)]
    ranked = ranking(connection, limit=10)
    assert [(row.position, row.video.id, row.video.votes) for row in ranked] == [(1, many, 2), (2, few, 1)]


def test_voters_of_one_video_do_not_block_each_other(engine: Engine, connection: Connection, world: World) -> None:
    video_id, first, second = (
        world.publish_video(world.add_person()),
        world.add_person(),
        world.add_person(),
    )
    with engine.begin() as slow:
        assert cast_vote(slow, video_id, first) is VoteResult.COUNTED
        assert cast_vote(connection, video_id, second) is VoteResult.COUNTED
    assert count_votes(connection, video_id) == 2


def test_vote_during_deletion_is_not_available(engine: Engine, world: World) -> None:
    """The vote sees the video, waits for its deletion at the foreign key, and fails."""
    owner, voter = world.add_person(), world.add_person()
    video_id = world.publish_video(owner)
    with engine.connect() as deleting:
        deleting.begin()
        deleting.execute(text("DELETE FROM videos WHERE id = :id"), {"id": video_id})

        def vote() -> VoteResult:
            with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as own:
                return cast_vote(own, video_id, voter)

        with ThreadPoolExecutor(1) as thread:
            waiting = thread.submit(vote)
            wait_until_held(engine, "INSERT INTO votes")
            deleting.commit()
            assert waiting.result() is VoteResult.NOT_AVAILABLE


def test_deletion_and_roll_up_do_not_deadlock(engine: Engine, connection: Connection, world: World) -> None:
    """A roll-up holds a video's deltas and waits for another video while the first is being deleted."""
    owner, voter = world.add_person(), world.add_person()
    hidden, *others = [world.publish_video(owner) for _ in range(20)]
    for video_id in (hidden, *others):
        cast_vote(connection, video_id, voter)
    connection.execute(text("UPDATE videos SET hidden_at = now() WHERE id = :id"), {"id": hidden})

    def roll() -> int:
        with engine.begin() as own:
            return roll_up(own)

    def delete() -> Deletion:
        with engine.begin() as own:
            return delete_video(own, hidden, owner)

    with ThreadPoolExecutor(2) as threads:
        with held(engine, "SELECT FROM videos WHERE hidden_at IS NULL FOR NO KEY UPDATE"):
            rolling = threads.submit(roll)
            wait_until_held(engine, "UPDATE videos SET votes_count")
            deleting = threads.submit(delete)
            # If the roll-up locked the hidden video first, the deletion waits for it; that is no deadlock.
            wait([deleting], timeout=1)
        assert (rolling.result(), deleting.result()) == (20, Deletion.DELETED)
    assert find_video(connection, hidden) is None and count_votes(connection, others[0]) == 1
    assert connection.execute(text("SELECT count(*) FROM vote_deltas")).scalar_one() == 0
