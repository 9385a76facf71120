"""Files on their way: their parts, who finds them, and that a row goes when the video comes."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from services.videos.uploads import (
    MAX_OPEN_UPLOADS,
    PART_BYTES,
    Upload,
    add_upload,
    find_unfinished_uploads,
    find_upload,
    may_start_upload,
    record_upload,
    remove_expired_uploads,
    remove_upload,
)
from tests.integration.services.world import World


def begin(connection: Connection, user_id: int, **changes: Any) -> Upload:
    declared = {"size": 3, "s3_upload_id": "parts", "fingerprint": "a1", **changes}
    return add_upload(
        connection,
        video_id=uuid.uuid4(),
        user_id=user_id,
        title="Triple doble",
        filename="play.mp4",
        is_public=True,
        **declared,
    )


def count(connection: Connection, table: str) -> int:
    return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def expire(connection: Connection) -> None:
    connection.execute(text("UPDATE uploads SET expires_at = now()"))


@pytest.mark.parametrize(
    ("size", "parts"),
    [
        (1, [1]),
        (PART_BYTES, [PART_BYTES]),
        (PART_BYTES + 1, [PART_BYTES, 1]),
        (3 * PART_BYTES, [PART_BYTES] * 3),
        (0, []),
    ],
)
def test_all_parts_but_the_last_are_of_one_size(
    connection: Connection, world: World, size: int, parts: list[int]
) -> None:
    upload = begin(connection, world.person(), size=size)
    assert upload.parts == dict(enumerate(parts, start=1))


def test_an_upload_is_found_by_its_owner_alone(connection: Connection, world: World) -> None:
    owner, other = world.person(), world.person()
    first, second = begin(connection, owner), begin(connection, owner)
    assert find_upload(connection, first.id, owner) == first
    assert find_upload(connection, first.id, other) is None
    assert find_unfinished_uploads(connection, owner) == [first, second]
    assert find_unfinished_uploads(connection, other) == []


def test_what_the_portal_sends_itself_cannot_be_continued(connection: Connection, world: World) -> None:
    owner = world.person()
    upload = begin(connection, owner, s3_upload_id=None)
    assert find_upload(connection, upload.id, owner) is None
    assert find_unfinished_uploads(connection, owner) == []


def test_room_is_for_uploads_that_can_be_continued(connection: Connection, world: World) -> None:
    owner = world.person()
    for _ in range(MAX_OPEN_UPLOADS):
        begin(connection, owner, s3_upload_id=None)
        assert may_start_upload(connection, owner)
        begin(connection, owner)
    assert not may_start_upload(connection, owner)
    assert may_start_upload(connection, world.person())
    expire(connection)
    assert may_start_upload(connection, owner)


def test_the_row_goes_when_the_video_comes(connection: Connection, world: World) -> None:
    upload = begin(connection, world.person())
    assert record_upload(connection, upload)
    assert (count(connection, "uploads"), count(connection, "videos"), count(connection, "task_results")) == (0, 1, 1)
    assert not record_upload(connection, upload)
    assert count(connection, "videos") == 1


def test_what_was_given_up_becomes_no_video(connection: Connection, world: World) -> None:
    upload = begin(connection, world.person())
    assert remove_upload(connection, upload.id)
    assert not remove_upload(connection, upload.id)
    assert not record_upload(connection, upload)
    assert count(connection, "videos") == 0


def test_both_happen_or_neither(engine: Engine, connection: Connection, world: World) -> None:
    upload = begin(connection, world.person())
    with engine.connect() as other:
        assert record_upload(other, upload)
        other.rollback()
    assert (count(connection, "uploads"), count(connection, "videos")) == (1, 0)


def test_only_what_is_past_its_time_is_taken_and_by_one_alone(
    engine: Engine, connection: Connection, world: World
) -> None:
    past = [begin(connection, world.person()) for _ in range(3)]
    expire(connection)
    begin(connection, world.person())
    with engine.connect() as one, engine.connect() as another:
        first = remove_expired_uploads(one, most=2)
        second = remove_expired_uploads(another, most=10)
        assert {upload.id for upload in first + second} == {upload.id for upload in past}
        assert (len(first), len(second)) == (2, 1)
        one.rollback()
        another.commit()
    assert [upload.id for upload in remove_expired_uploads(connection, most=10)] == [upload.id for upload in first]
    assert count(connection, "uploads") == 1
