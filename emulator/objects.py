"""The bucket's objects over a stop and a start: the embedded AWS forgets everything when it stops."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def save_objects(s3: Any, bucket: str, folder: Path) -> int:
    """Make the folder hold what the bucket holds.

    An object is written once under its key, so a file of the same size is the same object.

    Args:
        s3: boto3 client.
        bucket: name of the bucket.
        folder: gets a file for each key.

    Returns:
        How many objects there are.
    """
    kept: set[Path] = set()
    for key, size in list_objects(s3, bucket):
        path = _path(folder, key)
        kept.add(path)
        if not path.is_file() or path.stat().st_size != size:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Under another name until it is whole: half an object must not be restored.
            partial = path.with_name(f"{path.name}.partial")
            s3.download_file(bucket, key, str(partial))
            partial.replace(path)
    for path in _files(folder):
        if path not in kept:
            path.unlink()
    return len(kept)


def restore_objects(s3: Any, bucket: str, folder: Path) -> int:
    """Make the bucket hold what the folder holds.

    Args:
        s3: boto3 client.
        bucket: name of the bucket.
        folder: what `save_objects` filled; may be missing.

    Returns:
        How many objects there are.
    """
    count = 0
    for path in _files(folder):
        if path.suffix != ".partial":
            key = path.relative_to(folder.resolve()).as_posix()
            kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
            s3.upload_file(str(path), bucket, key, ExtraArgs={"ContentType": kind})
            count += 1
    return count


def list_objects(s3: Any, bucket: str) -> Iterator[tuple[str, int]]:
    """The keys of a bucket and their sizes in bytes."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for item in page.get("Contents", []):
            yield item["Key"], item["Size"]


def _path(folder: Path, key: str) -> Path:
    path = (folder / key).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ValueError(f"the key {key!r} leads out of the bucket's folder")
    return path


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.resolve().rglob("*")) if path.is_file()]
