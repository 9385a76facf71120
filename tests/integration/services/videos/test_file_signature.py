"""The first bytes of a file tell a movie from what only calls itself one."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.local import clips
from services.videos.uploads import SIGNATURE_BYTES, has_video_signature


def file_type(brand: bytes, length: int = 24) -> bytes:
    return struct.pack(">I4s4sI", length, b"ftyp", brand, 512)


@pytest.mark.parametrize(
    "brand",
    [b"isom", b"iso2", b"mp41", b"mp42", b"avc1", b"M4V ", b"qt  ", b"3gp4", b"3gp5", b"MSNV", b"XAVC"],
)
def test_what_phones_and_cameras_write_is_a_movie(brand: bytes) -> None:
    assert has_video_signature(file_type(brand))


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_what_ffmpeg_writes_is_a_movie(tmp_path: Path, suffix: str) -> None:
    clip = clips.make_clip(tmp_path / f"clip{suffix}", seconds=0.5, size="64x64")
    assert has_video_signature(clip.read_bytes()[:SIGNATURE_BYTES])


@pytest.mark.parametrize("brand", [b"heic", b"mif1", b"avif", b"crx ", b"jp2 ", b"M4A ", b"\0\0\0\0", b"\xff" * 4])
def test_pictures_and_sound_in_the_same_container_are_none(brand: bytes) -> None:
    assert not has_video_signature(file_type(brand))


@pytest.mark.parametrize("length", [0, 1, 8, 15, 17, 4097, 2**32 - 1])
def test_a_box_of_an_impossible_length_is_none(length: int) -> None:
    assert not has_video_signature(file_type(b"isom", length))


@given(st.binary(max_size=64))
def test_other_bytes_are_none_and_never_an_error(beginning: bytes) -> None:
    assert has_video_signature(beginning) is (beginning[4:8] == b"ftyp" and has_video_signature(beginning))
