"""Reproducible archives: their bytes depend only on the content, not on dates, owners, order or machine."""

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


def list_files(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yield the files of a folder to pack, sorted, without compiled Python."""
    for file in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
        if file.is_file() and "__pycache__" not in file.parts and file.suffix != ".pyc":
            yield file


def pack(contents: Mapping[str, pathlib.Path | bytes], target: pathlib.Path) -> str:
    """Write a ``.tar.gz``: sorted, without dates and owners, and with only the executable bit of the modes.

    Args:
        contents: folders, files or bytes by their path in the archive; a folder's path may be ``""``.
        target: the file to write.

    Returns:
        The hash of the content, as ``content_sha256`` computes it.
    """
    sources = dict(_expand(contents))
    with target.open("wb") as raw, gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as packed:
        hashing = _HashingWriter(packed)
        with tarfile.open(fileobj=cast(IO[bytes], hashing), mode="w|", format=tarfile.PAX_FORMAT) as archive:
            for name, source in sorted(sources.items()):
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
    return hashing.sha256()


def content_sha256(archive: pathlib.Path) -> str:
    """Compute the SHA-256 of the tar inside a ``.tar.gz``.

    The hash of the file itself is not reproducible: zlib versions compress the same bytes differently.

    Raises:
        ValueError: the file is not a readable ``.tar.gz``.
    """
    digest = hashlib.sha256()
    try:
        with gzip.open(archive) as content:
            while chunk := content.read(_CHUNK):
                digest.update(chunk)
        with tarfile.open(archive) as opened:
            opened.next()
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise ValueError(f"{archive} is not a readable {SUFFIX} file: {error}") from None
    return digest.hexdigest()


def _expand(contents: Mapping[str, pathlib.Path | bytes]) -> Iterator[tuple[str, pathlib.Path | bytes]]:
    for name, source in contents.items():
        if isinstance(source, bytes) or source.is_file():
            yield name, source
        else:
            for file in list_files(source):
                inside = file.relative_to(source).as_posix()
                yield (f"{name}/{inside}" if name else inside), file


class _HashingWriter:
    """A writer that hashes the bytes it passes on."""

    def __init__(self, target: gzip.GzipFile) -> None:
        self._target = target
        self._digest = hashlib.sha256()

    def write(self, chunk: bytes) -> int:
        self._digest.update(chunk)
        return self._target.write(chunk)

    def sha256(self) -> str:
        return self._digest.hexdigest()
