"""Archives: the same files make the same content, whoever packs them."""

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


def test_who_packs_and_when_and_where_does_not_matter(own_software: pathlib.Path, tmp_path: pathlib.Path) -> None:
    first, second = tmp_path / "first.tar.gz", tmp_path / "second.tar.gz"
    before = pack({"shop": own_software}, first)
    moved = own_software.rename(tmp_path / "elsewhere")
    os.utime(moved / "main.py", (0, 0))
    (moved / "main.py").chmod(0o600)
    (moved / "__pycache__").mkdir()
    (moved / "__pycache__" / "main.cpython-311.pyc").write_bytes(b"compiled")

    assert pack({"shop": moved}, second) == before
    assert first.read_bytes() == second.read_bytes()


def test_another_byte_is_another_content(own_software: pathlib.Path, tmp_path: pathlib.Path) -> None:
    before = pack({"shop": own_software}, tmp_path / "first.tar.gz")
    (own_software / "main.py").write_text("print('good bye')\n")

    assert pack({"shop": own_software}, tmp_path / "second.tar.gz") != before


def test_folders_files_and_bytes_lie_under_their_names(own_software: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (own_software / "start").write_text("#!/bin/sh\n")
    (own_software / "start").chmod(0o755)
    target = tmp_path / "made.tar.gz"
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


def test_the_hash_is_the_contents_however_it_was_compressed(own_software: pathlib.Path, tmp_path: pathlib.Path) -> None:
    usual, quick = tmp_path / "usual.tar.gz", tmp_path / "quick.tar.gz"
    sha256 = pack({"shop": own_software}, usual)
    quick.write_bytes(gzip.compress(gzip.decompress(usual.read_bytes()), compresslevel=1))

    assert usual.read_bytes() != quick.read_bytes()
    assert content_sha256(usual) == content_sha256(quick) == sha256


@pytest.mark.parametrize(
    "content",
    [b"", b"no gzip", gzip.compress(b"no tar"), gzip.compress(b"x" * 5000)[:20]],
    ids=["empty", "no gzip", "no tar", "cut short"],
)
def test_what_is_no_archive(content: bytes, tmp_path: pathlib.Path) -> None:
    broken = tmp_path / "broken.tar.gz"
    broken.write_bytes(content)

    with pytest.raises(ValueError, match=r"broken\.tar\.gz is no readable \.tar\.gz"):
        content_sha256(broken)
