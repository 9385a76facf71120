"""Save and restore the bucket's objects, because the AWS emulator loses its state when it stops."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def save_objects(s3: Any, bucket: str, folder: Path) -> int:
    """Mirror the bucket into a folder.

    Objects are written once, so a file of the same size is taken as the same object.

    Args:
        s3: boto3 client.
        bucket: Name of the bucket.
        folder: Folder with one file per key.

    Returns:
        Number of objects.
    """
    current: set[Path] = set()
    for key, size in list_objects(s3, bucket):
        path = _path(folder, key)
        current.add(path)
        if not path.is_file() or path.stat().st_size != size:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Write to a temporary name: a partial object must not be restored.
            partial = path.with_name(f"{path.name}.partial")
            s3.download_file(bucket, key, str(partial))
            partial.replace(path)
    for path in _files(folder):
        if path not in current:
            path.unlink()
    return len(current)


def restore_objects(s3: Any, bucket: str, folder: Path) -> int:
    """Upload the objects of a folder into the bucket.

    Args:
        s3: boto3 client.
        bucket: Name of the bucket.
        folder: Folder written by `save_objects`; may be missing.

    Returns:
        Number of objects.
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
    """List the keys of a bucket with their sizes in bytes."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for item in page.get("Contents", []):
            yield item["Key"], item["Size"]


def _path(folder: Path, key: str) -> Path:
    path = (folder / key).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ValueError(f"the key {key!r} is outside the bucket's folder")
    return path


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.resolve().rglob("*")) if path.is_file()]
