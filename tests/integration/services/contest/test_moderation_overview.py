"""What moderators look at first."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, text

from services.contest import moderation
from services.contest.moderation import ModerationAction
from services.contest.moderation_overview import find_hidden_videos, find_trending_videos
from services.contest.votes import cast_vote
from tests.integration.services.world import World


@pytest.fixture
def deed(connection: Connection, world: World) -> ModerationAction:
    moderator = world.person()
    connection.execute(text("UPDATE users SET is_moderator = true WHERE id = :id"), {"id": moderator})
    return ModerationAction(moderator_id=moderator, reason="bought votes")


def move_back(connection: Connection, voter: int, age: str) -> None:
    connection.execute(
        text(f"UPDATE votes SET created_at = now() - interval '{age}' WHERE user_id = :id"), {"id": voter}
    )


def test_the_fastest_videos_come_first_with_the_age_of_their_voters(
    connection: Connection, world: World, deed: ModerationAction
) -> None:
    slow, fast, old = (world.published(world.person()) for _ in range(3))
    voters = [world.person() for _ in range(7)]
    for voter, video_id, network in zip(
        voters, [slow, slow, slow, fast, fast, old, fast], ["10.0.0.0/24", "10.0.1.0/24"] * 3 + [None], strict=True
    ):
        cast_vote(connection, video_id, voter, network=network)
    move_back(connection, voters[0], "2 hours")
    move_back(connection, voters[1], "23 hours")
    move_back(connection, voters[5], "25 hours")
    connection.execute(
        text("UPDATE users SET created_at = now() - interval '2 hours' WHERE id = :id"), {"id": voters[3]}
    )
    found = find_trending_videos(connection)
    assert [(one.video_id, one.last_hour, one.last_day, one.young, one.networks) for one in found] == [
        (fast, 3, 3, 2, 2),
        (slow, 1, 3, 3, 2),
    ]
    assert (found[0].title, found[0].player, found[0].hidden_at) == ("Triple doble", "Ana Díaz", None)
    assert len(find_trending_videos(connection, most=1)) == 1
    moderation.quarantine_votes(connection, deed, fast, None)
    assert find_trending_videos(connection)[0].last_day == 2


def test_hidden_videos_are_listed_the_latest_first(
    connection: Connection, world: World, deed: ModerationAction
) -> None:
    first, second = world.published(world.person()), world.published(world.person())
    world.published(world.person())
    assert find_hidden_videos(connection) == []
    for video_id in (first, second):
        moderation.hide_video(connection, deed, video_id)
    assert [video.video_id for video in find_hidden_videos(connection)] == [second, first]
    assert len(find_hidden_videos(connection, most=1)) == 1


def test_the_log_of_one_video_and_from_any_line_on(
    connection: Connection, world: World, deed: ModerationAction
) -> None:
    video_id, other = world.published(world.person(first_name="Eva")), world.published(world.person())
    moderation.hide_video(connection, deed, video_id)
    moderation.hide_video(connection, deed, other)
    moderation.show_video(connection, deed, video_id)
    whole = moderation.read_log(connection)
    assert [entry.video_id for entry in whole] == [video_id, other, video_id]
    assert (whole[0].title, whole[0].player) == ("Triple doble", "Eva Díaz")
    assert moderation.read_log(connection, video_id=video_id) == [whole[0], whole[2]]
    assert moderation.read_log(connection, before=whole[0].id, most=1) == [whole[1]]
    connection.execute(text("DELETE FROM videos WHERE id = :id"), {"id": video_id})
    assert moderation.read_log(connection)[0].title is None


def test_votes_of_which_no_network_was_noted_are_told_of_one_video(connection: Connection, world: World) -> None:
    video_id = world.published(world.person())
    cast_vote(connection, video_id, world.person())
    cast_vote(connection, video_id, world.person(), network="192.0.2.0/24")
    found = moderation.find_vote_bursts(connection, video_id=video_id, least=1)
    assert {bulk.network for bulk in found} == {None, "192.0.2.0/24"}
    assert [bulk.network for bulk in moderation.find_vote_bursts(connection, least=1)] == ["192.0.2.0/24"]
