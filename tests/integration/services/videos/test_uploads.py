"""Uploads in progress: parts, ownership, recording, expiry and file signatures."""

from __future__ import annotations

import struct
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from operations.local import clips
from services.videos.uploads import (
    MAX_OPEN_UPLOADS,
    PART_BYTES,
    SIGNATURE_BYTES,
    Upload,
    add_upload,
    find_unfinished_uploads,
    find_upload,
    has_video_signature,
    may_start_upload,
    record_upload,
    remove_expired_uploads,
    remove_upload,
)
from tests.integration.services.world import World


def start_upload(connection: Connection, user_id: int, **changes: Any) -> Upload:
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
def test_all_parts_except_the_last_have_the_same_size(
    connection: Connection, world: World, size: int, parts: list[int]
) -> None:
    upload = start_upload(connection, world.add_person(), size=size)
    assert upload.parts == dict(enumerate(parts, start=1))


def test_only_the_owner_finds_an_upload(connection: Connection, world: World) -> None:
    owner, other = world.add_person(), world.add_person()
    first, second = start_upload(connection, owner), start_upload(connection, owner)
    assert find_upload(connection, first.id, owner) == first
    assert find_upload(connection, first.id, other) is None
    assert find_unfinished_uploads(connection, owner) == [first, second]
    assert find_unfinished_uploads(connection, other) == []


def test_upload_by_the_portal_cannot_be_resumed(connection: Connection, world: World) -> None:
    owner = world.add_person()
    upload = start_upload(connection, owner, s3_upload_id=None)
    assert find_upload(connection, upload.id, owner) is None
    assert find_unfinished_uploads(connection, owner) == []


def test_maximum_counts_only_resumable_uploads(connection: Connection, world: World) -> None:
    owner = world.add_person()
    for _ in range(MAX_OPEN_UPLOADS):
        start_upload(connection, owner, s3_upload_id=None)
        assert may_start_upload(connection, owner)
        start_upload(connection, owner)
    assert not may_start_upload(connection, owner)
    assert may_start_upload(connection, world.add_person())
    expire(connection)
    assert may_start_upload(connection, owner)


def test_recording_replaces_the_row_with_a_video(connection: Connection, world: World) -> None:
    upload = start_upload(connection, world.add_person())
    assert record_upload(connection, upload)
    assert (count(connection, "uploads"), count(connection, "videos"), count(connection, "task_results")) == (0, 1, 1)
    assert not record_upload(connection, upload)
    assert count(connection, "videos") == 1


def test_removed_upload_cannot_be_recorded(connection: Connection, world: World) -> None:
    upload = start_upload(connection, world.add_person())
    assert remove_upload(connection, upload.id)
    assert not remove_upload(connection, upload.id)
    assert not record_upload(connection, upload)
    assert count(connection, "videos") == 0


def test_recording_is_atomic(engine: Engine, connection: Connection, world: World) -> None:
    upload = start_upload(connection, world.add_person())
    with engine.connect() as other:
        assert record_upload(other, upload)
        other.rollback()
    assert (count(connection, "uploads"), count(connection, "videos")) == (1, 0)


def test_expired_uploads_are_removed_by_one_process_each(engine: Engine, connection: Connection, world: World) -> None:
    past = [start_upload(connection, world.add_person()) for _ in range(3)]
    expire(connection)
    start_upload(connection, world.add_person())
    with engine.connect() as one, engine.connect() as another:
        first = remove_expired_uploads(one, most=2)
        second = remove_expired_uploads(another, most=10)
        assert {upload.id for upload in first + second} == {upload.id for upload in past}
        assert (len(first), len(second)) == (2, 1)
        one.rollback()
        another.commit()
    assert [upload.id for upload in remove_expired_uploads(connection, most=10)] == [upload.id for upload in first]
    assert count(connection, "uploads") == 1


def file_type(brand: bytes, length: int = 24) -> bytes:
    return struct.pack(">I4s4sI", length, b"ftyp", brand, 512)


@pytest.mark.parametrize(
    "brand",
    [b"isom", b"iso2", b"mp41", b"mp42", b"avc1", b"M4V ", b"qt  ", b"3gp4", b"3gp5", b"MSNV", b"XAVC"],
)
def test_brands_of_phones_and_cameras_are_videos(brand: bytes) -> None:
    assert has_video_signature(file_type(brand))


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_files_of_ffmpeg_are_videos(tmp_path: Path, suffix: str) -> None:
    clip = clips.make_clip(tmp_path / f"clip{suffix}", seconds=0.5, size="64x64")
    assert has_video_signature(clip.read_bytes()[:SIGNATURE_BYTES])


@pytest.mark.parametrize("brand", [b"heic", b"mif1", b"avif", b"crx ", b"jp2 ", b"M4A ", b"\0\0\0\0", b"\xff" * 4])
def test_images_and_audio_are_not_videos(brand: bytes) -> None:
    assert not has_video_signature(file_type(brand))


@pytest.mark.parametrize("length", [0, 1, 8, 15, 17, 4097, 2**32 - 1])
def test_invalid_box_length_is_not_a_video(length: int) -> None:
    assert not has_video_signature(file_type(b"isom", length))


@given(st.binary(max_size=64))
def test_arbitrary_bytes_never_raise(beginning: bytes) -> None:
    assert has_video_signature(beginning) is (beginning[4:8] == b"ftyp" and has_video_signature(beginning))
