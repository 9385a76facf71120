"""Download a bucket's objects into files, with a safe path for every possible key."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from emulator.objects import list_objects

_READABLE = " !#$&'()+,;=@[]{}^~`-_."
_MAX_NAME_BYTES = 200
"""Maximum length of a file name, in bytes; file systems allow 255."""


def back_up(s3: Any, bucket: str, folder: Path) -> int:
    """Download the latest version of every object into a folder.

    Args:
        s3: boto3 client for S3.
        bucket: Name of the bucket.
        folder: Receives the files.

    Returns:
        Number of objects.
    """
    keys = [key for key, _ in list_objects(s3, bucket)]
    folder.mkdir(parents=True, exist_ok=True)
    for key, path in file_paths(keys).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(bucket, key, str(file))
    return len(keys)


def file_paths(keys: Iterable[str]) -> dict[str, Path]:
    """Map each key to a unique relative path; characters that a path cannot hold are percent-encoded.

    A key that is also a folder of other keys gets a trailing percent sign.

    Args:
        keys: All keys of one bucket.
    """
    all_keys = list(keys)
    folders = {key[:index] for key in all_keys for index, character in enumerate(key) if character == "/"}
    return {key: _path(key, is_folder=key in folders) for key in all_keys}


def _path(key: str, *, is_folder: bool) -> Path:
    *parents, name = [_part(part) for part in key.split("/")]
    return Path(*parents, f"{name}%" if is_folder else name)


def _part(part: str) -> str:
    if part in ("", ".", ".."):
        # An empty part would disappear; the others would leave the folder.
        return "%" + part.replace(".", "%2E")
    text = quote(part, safe=_READABLE)
    if len(text) <= _MAX_NAME_BYTES:
        return text
    return f"{text[: _MAX_NAME_BYTES - 65]}%{hashlib.sha256(part.encode()).hexdigest()}"
