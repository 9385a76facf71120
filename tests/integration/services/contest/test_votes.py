"""Votes: one for each person and video, and a tally that is exact at every moment."""

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


def tally(connection: Connection, video_id: object) -> int:
    found = find_video(connection, video_id)  # type: ignore[arg-type]
    assert found is not None
    return found.votes


def test_a_vote_counts_at_once_and_only_once(connection: Connection, world: World) -> None:
    video_id, voter = world.published(world.person()), world.person()
    assert cast_vote(connection, video_id, voter) is VoteResult.COUNTED
    assert tally(connection, video_id) == 1
    assert cast_vote(connection, video_id, voter) is VoteResult.ALREADY_VOTED
    assert tally(connection, video_id) == 1
    assert voted_videos(connection, voter) == [video_id]


def test_what_cannot_be_voted_for(connection: Connection, world: World) -> None:
    owner, voter = world.person(), world.person()
    waiting, private = world.uploaded(owner), world.uploaded(owner, is_public=False)
    assert cast_vote(connection, uuid4(), voter) is VoteResult.NOT_AVAILABLE
    assert cast_vote(connection, waiting, voter) is VoteResult.NOT_AVAILABLE
    assert cast_vote(connection, private, voter) is VoteResult.NOT_AVAILABLE
    assert cast_vote(connection, waiting, owner) is VoteResult.OWN_VIDEO
    assert cast_vote(connection, world.published(owner), owner) is VoteResult.OWN_VIDEO
    delete_video(connection, waiting, owner)
    assert cast_vote(connection, waiting, owner) is VoteResult.OWN_VIDEO
    assert cast_vote(connection, waiting, voter) is VoteResult.NOT_AVAILABLE


@pytest.mark.own("database")
def test_a_fault_between_the_vote_and_its_delta_leaves_neither(connection: Connection, world: World) -> None:
    video_id, voter = world.published(world.person()), world.person()
    connection.execute(text("ALTER TABLE vote_deltas ADD CHECK (delta <> 1)"))
    with pytest.raises(Exception, match="vote_deltas"):
        cast_vote(connection, video_id, voter)
    assert voted_videos(connection, voter) == []
    connection.execute(text("ALTER TABLE vote_deltas DROP CONSTRAINT vote_deltas_delta_check"))
    assert cast_vote(connection, video_id, voter) is VoteResult.COUNTED


def test_rolling_up_moves_votes_and_changes_no_tally(connection: Connection, world: World) -> None:
    owner = world.person()
    videos = [world.published(owner) for _ in range(2)]
    for voter in [world.person() for _ in range(3)]:
        for video_id in videos:
            cast_vote(connection, video_id, voter)
    assert roll_up(connection, most=4) == 4
    assert [tally(connection, video_id) for video_id in videos] == [3, 3]
    assert roll_up(connection) == 2
    assert roll_up(connection) == 0
    assert list(connection.execute(text("SELECT votes_count FROM videos")).scalars()) == [3, 3]


def test_one_at_a_time_rolls_up_and_another_leaves_it_to_it(
    engine: Engine, connection: Connection, world: World
) -> None:
    """Two at once would wait for each other in a circle: for a row's old version and for its new one."""
    video_id = world.published(world.person())
    for _ in range(3):
        cast_vote(connection, video_id, world.person())
    with engine.begin() as rolling:
        assert roll_up(rolling, most=1) == 1
        assert roll_up(connection) == 0
        assert tally(connection, video_id) == 3
    assert roll_up(connection) == 2
    assert tally(connection, video_id) == 3


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.one_of(st.tuples(st.integers(0, 2), st.integers(0, 3)), st.just("roll")), max_size=40))
def test_the_tally_is_the_number_of_votes_whatever_happens(
    connection: Connection, world: World, steps: list[tuple[int, int] | str]
) -> None:
    owner, voters = world.person(), [world.person() for _ in range(4)]
    videos = [world.published(owner) for _ in range(3)]
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
        assert tally(connection, videos[video]) == of_video
    counts = [sum(1 for known, _ in expected if known == video) for video in range(3)]
    assert [tally(connection, video_id) for video_id in videos] == counts


def test_many_voters_and_rollers_at_once_lose_and_double_nothing(
    engine: Engine, connection: Connection, world: World
) -> None:
    owner = world.person()
    videos = [world.published(owner) for _ in range(3)]
    voters = [world.person() for _ in range(40)]
    once_more = count()

    def act(number: int) -> list[VoteResult]:
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as own:
            results = [cast_vote(own, video_id, voters[number]) for video_id in videos for _ in range(2)]
            if next(once_more) % 3 == 0:
                roll_up(own, most=7)
        return results

    with ThreadPoolExecutor(12) as threads:
        results = [result for some in threads.map(act, range(40)) for result in some]
    assert results.count(VoteResult.COUNTED) == results.count(VoteResult.ALREADY_VOTED) == 120
    assert [tally(connection, video_id) for video_id in videos] == [40, 40, 40]
    while roll_up(connection):
        pass
    assert list(connection.execute(text("SELECT votes_count FROM videos")).scalars()) == [40, 40, 40]


@pytest.mark.parametrize("rolled", [True, False])
def test_lists_and_ranking_count_pending_votes_too(connection: Connection, world: World, rolled: bool) -> None:
    owner, voters = world.person(), [world.person() for _ in range(2)]
    few, many, none = world.published(owner), world.published(owner), world.published(owner)
    cast_vote(connection, few, voters[0])
    if rolled:
        roll_up(connection)
    for voter in voters:
        cast_vote(connection, many, voter)
    assert [(video.id, video.votes) for video in gallery(connection, limit=10)] == [(many, 2), (few, 1), (none, 0)]
    ranked = ranking(connection, limit=10)
    assert [(row.position, row.video.id, row.video.votes) for row in ranked] == [(1, many, 2), (2, few, 1)]


def test_voters_of_one_video_do_not_wait_for_each_other(engine: Engine, connection: Connection, world: World) -> None:
    video_id, first, second = world.published(world.person()), world.person(), world.person()
    with engine.begin() as slow:
        assert cast_vote(slow, video_id, first) is VoteResult.COUNTED
        assert cast_vote(connection, video_id, second) is VoteResult.COUNTED
    assert tally(connection, video_id) == 2


def test_a_vote_for_a_video_that_is_deleted_meanwhile_is_not_available(engine: Engine, world: World) -> None:
    """The vote sees the video, waits for the deletion at the foreign key, and finds it gone."""
    owner, voter = world.person(), world.person()
    video_id = world.published(owner)
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


def test_a_deletion_and_a_roll_up_wait_in_no_circle(engine: Engine, connection: Connection, world: World) -> None:
    """A roll-up that holds a video's deltas and waits for another video, while the first one's owner deletes it."""
    owner, voter = world.person(), world.person()
    hidden, *others = [world.published(owner) for _ in range(20)]
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
            # Where the roll-up came to the hidden video first, the deletion waits for it, and that is no circle.
            wait([deleting], timeout=1)
        assert (rolling.result(), deleting.result()) == (20, Deletion.DELETED)
    assert find_video(connection, hidden) is None and tally(connection, others[0]) == 1
    assert connection.execute(text("SELECT count(*) FROM vote_deltas")).scalar_one() == 0
