"""The voting period: when votes are accepted and published, by the database's clock."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from services.contest.listing import gallery
from services.contest.rankings import find_player_ranks, ranking
from services.contest.vote_counts import roll_up
from services.contest.votes import Retraction, VoteResult, cast_vote, retract_vote
from services.contest.voting_period import VotingPeriod, VotingState, read_voting, write_period
from services.videos.records import find_video
from tests.integration.services.world import World

HOUR = timedelta(hours=1)


def database_now(connection: Connection) -> datetime:
    now: datetime = connection.execute(text("SELECT now()")).scalar_one()
    return now


def published_counts(connection: Connection, video_id: object) -> tuple[int, int, list[int]]:
    """Return the count of a video as shown on its page, in the gallery and in the ranking."""
    found = find_video(connection, video_id)  # type: ignore[arg-type]
    assert found is not None
    ranked = [row.video.votes for row in ranking(connection, limit=5)]
    return found.votes, gallery(connection, limit=1)[0].votes, ranked


def test_voting_is_open_without_a_period(connection: Connection, world: World) -> None:
    assert read_voting(connection).state is VotingState.OPEN
    assert cast_vote(connection, world.publish_video(world.add_person()), world.add_person()) is VoteResult.COUNTED


def test_no_votes_or_retractions_outside_the_period(connection: Connection, world: World) -> None:
    owner, voter = world.add_person(), world.add_person()
    video_id, now = world.publish_video(owner), database_now(connection)
    cast_vote(connection, video_id, voter)
    early, late = VotingPeriod(opens_at=now + HOUR), VotingPeriod(closes_at=now)
    for period, state in ((early, VotingState.NOT_YET), (late, VotingState.CLOSED)):
        write_period(connection, period)
        assert read_voting(connection).state is state
        assert cast_vote(connection, video_id, world.add_person()) is VoteResult.CLOSED
        assert retract_vote(connection, video_id, voter) is Retraction.CLOSED
        assert cast_vote(connection, video_id, owner) is VoteResult.OWN_VIDEO
    write_period(connection, VotingPeriod(opens_at=now - HOUR, closes_at=now + HOUR))
    assert read_voting(connection).state is VotingState.OPEN
    assert retract_vote(connection, video_id, voter) is Retraction.RETRACTED


def test_votes_during_the_freeze_are_published_at_the_end(connection: Connection, world: World) -> None:
    owner, early, late = world.add_person(), world.add_person(), world.add_person()
    video_id = world.publish_video(owner)
    cast_vote(connection, video_id, early)
    freeze = database_now(connection)
    write_period(connection, VotingPeriod(freezes_at=freeze, closes_at=freeze + HOUR))
    assert read_voting(connection).state is VotingState.FROZEN
    assert cast_vote(connection, video_id, late) is VoteResult.COUNTED
    assert retract_vote(connection, video_id, early) is Retraction.RETRACTED
    assert cast_vote(connection, video_id, early) is VoteResult.COUNTED
    for rolled in (1, 0):
        assert published_counts(connection, video_id) == (1, 1, [1])
        assert find_player_ranks(connection, owner)[0].votes == 1
        assert roll_up(connection) == rolled
    write_period(connection, VotingPeriod(freezes_at=freeze, closes_at=database_now(connection)))
    assert read_voting(connection).state is VotingState.CLOSED
    assert published_counts(connection, video_id) == (2, 2, [2])
    roll_up(connection)
    assert published_counts(connection, video_id) == (2, 2, [2])


@pytest.mark.parametrize(
    "moments",
    [
        {"opens_at": 2, "closes_at": 1},
        {"opens_at": 1, "closes_at": 1},
        {"opens_at": 2, "freezes_at": 1},
        {"freezes_at": 2, "closes_at": 1},
    ],
)
def test_times_out_of_order_are_rejected(moments: dict[str, int]) -> None:
    start = datetime.fromisoformat("2026-01-01T00:00:00-05:00")
    with pytest.raises(ValueError, match="the voting opens first, then freezes, then closes"):
        VotingPeriod(**{name: start + number * HOUR for name, number in moments.items()})


def test_time_without_time_zone_is_rejected() -> None:
    with pytest.raises(ValueError, match="each moment needs its time zone"):
        VotingPeriod(opens_at=datetime(2026, 1, 1))
