"""Archives are reproducible."""

from __future__ import annotations

import gzip
import os
import pathlib
import tarfile

import pytest

from constructs_lib.compute.archive import content_sha256, pack


def members(file: pathlib.Path) -> dict[str, tuple[int, bytes]]:
    with tarfile.open(file) as opened:
        return {entry.name: (entry.mode, opened.extractfile(entry).read()) for entry in opened}  # type: ignore[union-attr]


def test_place_dates_and_modes_do_not_change_the_archive(own_software: pathlib.Path, tmp_path: pathlib.Path) -> None:
    first, second = tmp_path / "first.tar.gz", tmp_path / "second.tar.gz"
    before = pack({"shop": own_software}, first)
    moved = own_software.rename(tmp_path / "elsewhere")
    os.utime(moved / "main.py", (0, 0))
    (moved / "main.py").chmod(0o600)
    (moved / "__pycache__").mkdir()
    (moved / "__pycache__" / "main.cpython-311.pyc").write_bytes(b"compiled")

    assert pack({"shop": moved}, second) == before
    assert first.read_bytes() == second.read_bytes()


def test_changed_byte_changes_the_hash(own_software: pathlib.Path, tmp_path: pathlib.Path) -> None:
    before = pack({"shop": own_software}, tmp_path / "first.tar.gz")
    (own_software / "main.py").write_text("print('good bye')\n")

    assert pack({"shop": own_software}, tmp_path / "second.tar.gz") != before


def test_folders_files_and_bytes_are_packed_under_their_names(
    own_software: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    (own_software / "start").write_text("#!/bin/sh\n")
    (own_software / "start").chmod(0o755)
    target = tmp_path / "packed.tar.gz"
    pack({"shop": own_software, "": own_software, "run": own_software / "start", "version.json": b"{}"}, target)

    assert members(target) == {
        "main.py": (0o644, b"print('hello')\n"),
        "run": (0o755, b"#!/bin/sh\n"),
        "shop/main.py": (0o644, b"print('hello')\n"),
        "shop/start": (0o755, b"#!/bin/sh\n"),
        "start": (0o755, b"#!/bin/sh\n"),
        "version.json": (0o644, b"{}"),
    }
    with tarfile.open(target) as opened:
        assert {(entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname) for entry in opened} == {
            (0, 0, 0, "", "")
        }


def test_hash_does_not_depend_on_the_compression(own_software: pathlib.Path, tmp_path: pathlib.Path) -> None:
    usual, fast = tmp_path / "usual.tar.gz", tmp_path / "fast.tar.gz"
    sha256 = pack({"shop": own_software}, usual)
    fast.write_bytes(gzip.compress(gzip.decompress(usual.read_bytes()), compresslevel=1))

    assert usual.read_bytes() != fast.read_bytes()
    assert content_sha256(usual) == content_sha256(fast) == sha256


@pytest.mark.parametrize(
    "content",
    [b"", b"no gzip", gzip.compress(b"no tar"), gzip.compress(b"x" * 5000)[:20]],
    ids=["empty", "no gzip", "no tar", "truncated"],
)
def test_invalid_archive_is_rejected(content: bytes, tmp_path: pathlib.Path) -> None:
    broken = tmp_path / "broken.tar.gz"
    broken.write_bytes(content)

    with pytest.raises(ValueError, match=r"broken\.tar\.gz is not a readable \.tar\.gz file"):
        content_sha256(broken)
