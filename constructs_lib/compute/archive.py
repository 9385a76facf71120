"""Archives that depend on nothing but what is in them: no date, owner, order or machine."""

from __future__ import annotations

import gzip
import hashlib
import io
import pathlib
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from typing import IO, cast

SUFFIX = ".tar.gz"
_CHUNK = 1 << 20
_LEVEL = 6


def files(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """What of a folder is packed: every file but what Python compiled."""
    for file in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
        if file.is_file() and "__pycache__" not in file.parts and file.suffix != ".pyc":
            yield file


def pack(contents: Mapping[str, pathlib.Path | bytes], target: pathlib.Path) -> str:
    """Write a ``.tar.gz``: sorted, no date, no owner, and for modes only who may execute.

    Args:
        contents: folders, files or bytes, by the path each gets in the archive; a folder's may be ``""``.
        target: the file to write.

    Returns:
        The hash of the content, as ``content_sha256`` reads it.
    """
    named = dict(_named(contents))
    with target.open("wb") as raw, gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as packed:
        counted = _Hashed(packed)
        with tarfile.open(fileobj=cast(IO[bytes], counted), mode="w|", format=tarfile.PAX_FORMAT) as archive:
            for name, source in sorted(named.items()):
                entry = tarfile.TarInfo(name)
                entry.mode = 0o644
                if isinstance(source, bytes):
                    entry.size = len(source)
                    archive.addfile(entry, io.BytesIO(source))
                    continue
                status = source.stat()
                entry.size = status.st_size
                entry.mode = 0o755 if status.st_mode & 0o100 else 0o644
                with source.open("rb") as opened:
                    archive.addfile(entry, opened)
    return counted.sha256()


def content_sha256(archive: pathlib.Path) -> str:
    """The SHA-256 of the tar inside a ``.tar.gz``.

    Not of the file: two machines' zlibs may compress the same bytes differently.

    Raises:
        ValueError: when it is no readable ``.tar.gz``.
    """
    digest = hashlib.sha256()
    try:
        with gzip.open(archive) as content:
            while chunk := content.read(_CHUNK):
                digest.update(chunk)
        with tarfile.open(archive) as opened:
            opened.next()
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise ValueError(f"{archive} is no readable {SUFFIX}: {error}") from None
    return digest.hexdigest()


def _named(contents: Mapping[str, pathlib.Path | bytes]) -> Iterator[tuple[str, pathlib.Path | bytes]]:
    for name, source in contents.items():
        if isinstance(source, bytes) or source.is_file():
            yield name, source
        else:
            for file in files(source):
                inside = file.relative_to(source).as_posix()
                yield (f"{name}/{inside}" if name else inside), file


class _Hashed:
    """A file to write to that keeps the hash of what went through."""

    def __init__(self, target: gzip.GzipFile) -> None:
        self._target = target
        self._digest = hashlib.sha256()

    def write(self, chunk: bytes) -> int:
        self._digest.update(chunk)
        return self._target.write(chunk)

    def sha256(self) -> str:
        return self._digest.hexdigest()
