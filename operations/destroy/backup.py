"""A bucket's objects as files: whatever their keys are made of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from emulator.objects import list_objects

_READABLE = " !#$&'()+,;=@[]{}^~`-_."
_LONGEST = 200
"""Bytes of a name; file systems take 255."""


def back_up(s3: Any, bucket: str, folder: Path) -> int:
    """Write the newest version of every object into a folder.

    Args:
        s3: boto3 client.
        bucket: its name.
        folder: gets the files.

    Returns:
        How many there were.
    """
    keys = [key for key, _ in list_objects(s3, bucket)]
    folder.mkdir(parents=True, exist_ok=True)
    for key, path in paths(keys).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(bucket, key, str(file))
    return len(keys)


def paths(keys: Iterable[str]) -> dict[str, Path]:
    """The file of each key: the key itself where that can be a path, with what cannot in percent signs.

    A key that is also the beginning of others, as a folder is, gets a percent sign after it.

    Args:
        keys: of one bucket.
    """
    listed = list(keys)
    folders = {key[:place] for key in listed for place, sign in enumerate(key) if sign == "/"}
    return {key: _path(key, is_folder=key in folders) for key in listed}


def _path(key: str, *, is_folder: bool) -> Path:
    *parents, name = [_part(part) for part in key.split("/")]
    return Path(*parents, f"{name}%" if is_folder else name)


def _part(part: str) -> str:
    if part in ("", ".", ".."):
        # Else it would lead nowhere, or out of the folder.
        return "%" + part.replace(".", "%2E")
    text = quote(part, safe=_READABLE)
    if len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST - 65]}%{hashlib.sha256(part.encode()).hexdigest()}"
