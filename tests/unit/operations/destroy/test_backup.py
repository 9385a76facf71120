"""A backup holds every object, whatever its key is made of, and nothing outside its folder."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from operations.destroy.backup import back_up, paths
from operations.local import aws

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


def test_all_objects_are_written(aws_port: int, tmp_path: Path) -> None:
    s3, bucket = aws.client("s3", aws_port), f"backup-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=bucket)
    # The embedded AWS, unlike S3, takes a key's dots for steps of the path, and knows no address with a line break.
    written = [key for key in KEYS if key not in ("../../outside.mp4", ".") and "\n" not in key]
    for key in written:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert back_up(s3, bucket, tmp_path / "backup") == len(written)
    for key, path in paths(written).items():
        assert (tmp_path / "backup" / path).read_bytes() == key.encode()
