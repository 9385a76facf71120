"""A backup holds every object, with any key, and writes only to its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from operations.destroy.backup import file_paths

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


def test_every_key_has_a_unique_file_in_the_folder() -> None:
    files = file_paths(KEYS)
    assert len(set(files.values())) == len(KEYS)
    for path in files.values():
        assert not path.is_absolute() and not {"..", "."} & set(path.parts)
        assert all(len(part.encode()) <= 255 for part in path.parts)


@pytest.mark.parametrize("key", ["processed/clip.mp4", "uploads/a clip.mp4", "releases/portal/release.json"])
def test_key_that_is_a_valid_path_is_unchanged(key: str) -> None:
    assert file_paths([key])[key] == Path(key)
