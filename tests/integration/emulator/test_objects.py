"""The bucket's objects are saved and restored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest

from emulator import aws, resources
from emulator.objects import list_objects, restore_objects, save_objects


@pytest.fixture
def s3(aws_endpoint: str) -> Any:
    return boto3.client("s3")


def test_saved_objects_are_restored_with_content_type(
    s3: Any, media_bucket: str, aws_port: int, tmp_path: Path
) -> None:
    for key, body in {"uploads/a.mp4": b"a" * 9_000_000, "processed/a/1.mp4": b"b", "processed/a/1.jpg": b"c"}.items():
        s3.put_object(Bucket=media_bucket, Key=key, Body=body)
    before = dict(list_objects(s3, media_bucket))
    assert save_objects(s3, media_bucket, tmp_path / "objects") == 3

    resources.create_bucket(aws.client("s3", aws_port), f"{media_bucket}-2")
    assert restore_objects(s3, f"{media_bucket}-2", tmp_path / "objects") == 3
    assert dict(list_objects(s3, f"{media_bucket}-2")) == before
    assert s3.head_object(Bucket=f"{media_bucket}-2", Key="processed/a/1.jpg")["ContentType"] == "image/jpeg"
    assert s3.head_object(Bucket=f"{media_bucket}-2", Key="uploads/a.mp4")["ContentType"] == "video/mp4"


def test_deleted_object_is_removed_from_the_folder(s3: Any, media_bucket: str, tmp_path: Path) -> None:
    s3.put_object(Bucket=media_bucket, Key="uploads/a.mp4", Body=b"a")
    save_objects(s3, media_bucket, tmp_path)
    s3.delete_object(Bucket=media_bucket, Key="uploads/a.mp4")
    assert save_objects(s3, media_bucket, tmp_path) == 0
    assert not (tmp_path / "uploads/a.mp4").exists()


def test_partial_file_is_not_restored(s3: Any, media_bucket: str, tmp_path: Path) -> None:
    (tmp_path / "uploads").mkdir()
    (tmp_path / "uploads/a.mp4.partial").write_bytes(b"half")
    assert restore_objects(s3, media_bucket, tmp_path) == 0


def test_missing_folder_restores_nothing(s3: Any, media_bucket: str, tmp_path: Path) -> None:
    assert restore_objects(s3, media_bucket, tmp_path / "none") == 0


def test_key_outside_the_folder_is_an_error(s3: Any, media_bucket: str, tmp_path: Path) -> None:
    s3.put_object(Bucket=media_bucket, Key="uploads/../../outside", Body=b"a")
    with pytest.raises(ValueError, match="is outside the bucket's folder"):
        save_objects(s3, media_bucket, tmp_path / "objects")
