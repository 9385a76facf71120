"""Overview for moderators: trending and hidden videos, the log, vote bursts."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, text

from services.contest import moderation
from services.contest.moderation import ModerationAction
from services.contest.moderation_overview import find_hidden_videos, find_trending_videos
from services.contest.votes import cast_vote
from tests.integration.services.world import World


@pytest.fixture
def action(connection: Connection, world: World) -> ModerationAction:
    moderator = world.add_person()
    connection.execute(text("UPDATE users SET is_moderator = true WHERE id = :id"), {"id": moderator})
    return ModerationAction(moderator_id=moderator, reason="bought votes")


def set_vote_age(connection: Connection, voter: int, age: str) -> None:
    connection.execute(
        text(f"UPDATE votes SET created_at = now() - interval '{age}' WHERE user_id = :id"), {"id": voter}
    )


def test_trending_videos_count_recent_votes_and_young_accounts(
    connection: Connection, world: World, action: ModerationAction
) -> None:
    slow, fast, old = (world.publish_video(world.add_person()) for _ in range(3))
    voters = [world.add_person() for _ in range(7)]
    for voter, video_id, network in zip(
        voters, [slow, slow, slow, fast, fast, old, fast], ["10.0.0.0/24", "10.0.1.0/24"] * 3 + [None], strict=True
    ):
        cast_vote(connection, video_id, voter, network=network)
    set_vote_age(connection, voters[0], "2 hours")
    set_vote_age(connection, voters[1], "23 hours")
    set_vote_age(connection, voters[5], "25 hours")
    connection.execute(
        text("UPDATE users SET created_at = now() - interval '2 hours' WHERE id = :id"), {"id": voters[3]}
    )
    found = find_trending_videos(connection)
    assert [(video.video_id, video.last_hour, video.last_day, video.young, video.networks) for video in found] == [
        (fast, 3, 3, 2, 2),
        (slow, 1, 3, 3, 2),
    ]
    assert (found[0].title, found[0].player, found[0].hidden_at) == ("Triple doble", "Ana Díaz", None)
    assert len(find_trending_videos(connection, most=1)) == 1
    moderation.quarantine_votes(connection, action, fast, None)
    assert find_trending_videos(connection)[0].last_day == 2


def test_hidden_videos_are_listed_latest_first(connection: Connection, world: World, action: ModerationAction) -> None:
    first, second = (
        world.publish_video(world.add_person()),
        world.publish_video(world.add_person()),
    )
    world.publish_video(world.add_person())
    assert find_hidden_videos(connection) == []
    for video_id in (first, second):
        moderation.hide_video(connection, action, video_id)
    assert [video.video_id for video in find_hidden_videos(connection)] == [second, first]
    assert len(find_hidden_videos(connection, most=1)) == 1


def test_log_is_filtered_by_video_and_paged(connection: Connection, world: World, action: ModerationAction) -> None:
    video_id, other = (
        world.publish_video(world.add_person(first_name="Eva")),
        world.publish_video(world.add_person()),
    )
    moderation.hide_video(connection, action, video_id)
    moderation.hide_video(connection, action, other)
    moderation.show_video(connection, action, video_id)
    whole = moderation.read_log(connection)
    assert [entry.video_id for entry in whole] == [video_id, other, video_id]
    assert (whole[0].title, whole[0].player) == ("Triple doble", "Eva Díaz")
    assert moderation.read_log(connection, video_id=video_id) == [whole[0], whole[2]]
    assert moderation.read_log(connection, before=whole[0].id, most=1) == [whole[1]]
    connection.execute(text("DELETE FROM videos WHERE id = :id"), {"id": video_id})
    assert moderation.read_log(connection)[0].title is None


def test_votes_without_network_are_a_burst_of_a_single_video(connection: Connection, world: World) -> None:
    video_id = world.publish_video(world.add_person())
    cast_vote(connection, video_id, world.add_person())
    cast_vote(connection, video_id, world.add_person(), network="192.0.2.0/24")
    found = moderation.find_vote_bursts(connection, video_id=video_id, least=1)
    assert {burst.network for burst in found} == {None, "192.0.2.0/24"}
    assert [burst.network for burst in moderation.find_vote_bursts(connection, least=1)] == ["192.0.2.0/24"]
