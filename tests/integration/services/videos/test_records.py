"""Videos in the database: added once, found, ranked by city, deleted with what belongs to them."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import Connection, text

from services.contest.votes import cast_vote
from services.videos.records import Deletion, add_video, delete_video, find_video, list_player_videos
from tests.integration.services.world import World


def test_a_video_is_added_once(connection: Connection, world: World) -> None:
    owner = world.person()
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


def test_a_video_knows_its_player(connection: Connection, world: World) -> None:
    video = find_video(connection, world.uploaded(world.person(city="Cali")))
    assert video is not None
    assert (video.first_name, video.last_name, video.city) == ("Ana", "Díaz", "Cali")


def test_an_unknown_video(connection: Connection) -> None:
    assert find_video(connection, uuid4()) is None


def test_deleting(connection: Connection, world: World) -> None:
    owner, other = world.person(), world.person()
    waiting, published = world.uploaded(owner), world.published(owner)
    assert delete_video(connection, uuid4(), owner) is Deletion.UNKNOWN
    assert delete_video(connection, waiting, other) is Deletion.NOT_OWNER
    assert delete_video(connection, published, owner) is Deletion.PUBLISHED
    assert delete_video(connection, waiting, owner) is Deletion.DELETED
    assert delete_video(connection, waiting, owner) is Deletion.UNKNOWN


def test_nothing_of_a_deleted_video_stays_but_whose_it_was(connection: Connection, world: World) -> None:
    owner = world.person()
    video_id = world.published(owner)
    cast_vote(connection, video_id, world.person())
    connection.execute(text("UPDATE videos SET is_public = false"))
    assert delete_video(connection, video_id, owner) is Deletion.DELETED
    for table in ("videos", "votes", "vote_deltas", "task_results"):
        assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0, table
    assert connection.execute(text("SELECT user_id FROM deleted_videos")).scalar_one() == owner
