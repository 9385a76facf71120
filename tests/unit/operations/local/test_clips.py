"""Clips that were encoded once are copied, as long as all that they were made from is the same."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from operations.local.clips import encode

Encoder = Callable[..., str]


@pytest.fixture
def encoder(tmp_path: Path) -> Encoder:
    """Encodes with a program that writes which run it is."""

    def run(*arguments: str | Path, version: int = 1) -> str:
        program, runs = tmp_path / f"encoder{version}", tmp_path / "runs"
        program.write_text(
            "#!/bin/sh\n"
            f'[ "$1" = -version ] && {{ echo version {version}; exit; }}\n'
            f'for last; do :; done; echo >> {runs}; wc -l < {runs} > "$last"\n'
            'case "$*" in *broken*) exit 1;; esac\n'
        )
        program.chmod(0o755)
        return encode(program, arguments, tmp_path / "clip.mp4", folder=tmp_path / "kept").read_text().strip()

    return run


def test_same_arguments_are_encoded_once(encoder: Encoder) -> None:
    assert [encoder("-t", "1"), encoder("-t", "1"), encoder("-t", "2"), encoder("-t", "1")] == ["1", "1", "2", "1"]


def test_another_version_encodes_anew(encoder: Encoder) -> None:
    assert [encoder("-t", "1"), encoder("-t", "1", version=2)] == ["1", "2"]


def test_inputs_count_by_their_content(encoder: Encoder, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("a")
    second.write_text("a")
    assert [encoder("-i", first), encoder("-i", second)] == ["1", "1"]
    second.write_text("b")
    assert encoder("-i", second) == "2"


def test_changing_a_copy_changes_no_other(encoder: Encoder, tmp_path: Path) -> None:
    encoder("-t", "1")
    (tmp_path / "clip.mp4").write_text("changed")
    assert encoder("-t", "1") == "1"


def test_failed_encoding_keeps_nothing(encoder: Encoder, tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        encoder("broken")
    assert not (tmp_path / "kept").exists()


def test_files_unused_for_months_are_removed(encoder: Encoder, tmp_path: Path) -> None:
    encoder("-t", "1")
    (kept,) = (tmp_path / "kept").iterdir()
    old = time.time() - 90 * 86_400
    os.utime(kept, (old, old))
    assert encoder("-t", "2") == "2"
    assert not kept.exists()
