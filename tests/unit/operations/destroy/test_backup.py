"""A backup holds every object, whatever its key is made of, and nothing outside its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from operations.destroy.backup import paths

KEYS = (
    "uploads/a clip.mp4",
    "uploads/¿niño? 100% ñ.mp4",
    "uploads/line\nbreak\t.mp4",
    "uploads/quote\"s'.mp4",
    "../../outside.mp4",
    "/leading",
    "double//slash",
    "folder/",
    "file-and-folder",
    "file-and-folder/inside",
    "x" * 900,
    ".",
)


def test_every_key_has_a_file_of_its_own_inside_the_folder() -> None:
    found = paths(KEYS)
    assert len(set(found.values())) == len(KEYS)
    for path in found.values():
        assert not path.is_absolute() and not {"..", "."} & set(path.parts)
        assert all(len(part.encode()) <= 255 for part in path.parts)


@pytest.mark.parametrize("key", ["processed/clip.mp4", "uploads/a clip.mp4", "releases/portal/release.json"])
def test_a_key_that_can_be_a_path_is_one(key: str) -> None:
    assert paths([key])[key] == Path(key)
