"""Videos in the database: add, find, delete with all dependent rows."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import Connection, text

from services.contest.votes import cast_vote
from services.videos.records import Deletion, add_video, delete_video, find_video, list_player_videos
from tests.integration.services.world import World


def test_video_is_added_once(connection: Connection, world: World) -> None:
    owner = world.add_person()
    values = {
        "video_id": uuid4(),
        "user_id": owner,
        "title": "Triple doble",
        "original_filename": "play.mp4",
        "original_url": "uploads/x.mp4",
        "is_public": True,
    }
    assert add_video(connection, **values)  # type: ignore[arg-type]
    assert not add_video(connection, **values)  # type: ignore[arg-type]
    assert len(list_player_videos(connection, owner)) == 1
    assert connection.execute(text("SELECT count(*) FROM task_results")).scalar_one() == 1


def test_video_contains_its_player(connection: Connection, world: World) -> None:
    video = find_video(connection, world.add_video(world.add_person(city="Cali")))
    assert video is not None
    assert (video.first_name, video.last_name, video.city) == ("Ana", "Díaz", "Cali")


def test_unknown_video_is_none(connection: Connection) -> None:
    assert find_video(connection, uuid4()) is None


def test_delete_results(connection: Connection, world: World) -> None:
    owner, other = world.add_person(), world.add_person()
    waiting, published = world.add_video(owner), world.publish_video(owner)
    assert delete_video(connection, uuid4(), owner) is Deletion.UNKNOWN
    assert delete_video(connection, waiting, other) is Deletion.NOT_OWNER
    assert delete_video(connection, published, owner) is Deletion.PUBLISHED
    assert delete_video(connection, waiting, owner) is Deletion.DELETED
    assert delete_video(connection, waiting, owner) is Deletion.UNKNOWN


def test_deleted_video_leaves_only_its_owner(connection: Connection, world: World) -> None:
    owner = world.add_person()
    video_id = world.publish_video(owner)
    cast_vote(connection, video_id, world.add_person())
    connection.execute(text("UPDATE videos SET is_public = false"))
    assert delete_video(connection, video_id, owner) is Deletion.DELETED
    for table in ("videos", "votes", "vote_deltas", "task_results"):
        assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0, table
    assert connection.execute(text("SELECT user_id FROM deleted_videos")).scalar_one() == owner
