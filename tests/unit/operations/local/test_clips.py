"""Encoded clips are cached by the content of all inputs."""

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
    """Run a fake encoder that writes the number of its run."""

    def run(*arguments: str | Path, version: int = 1) -> str:
        program, runs = tmp_path / f"encoder{version}", tmp_path / "runs"
        program.write_text(
            "#!/bin/sh\n"
            f'[ "$1" = -version ] && {{ echo version {version}; exit; }}\n'
            f'for last; do :; done; echo >> {runs}; wc -l < {runs} > "$last"\n'
            'case "$*" in *broken*) exit 1;; esac\n'
        )
        program.chmod(0o755)
        return encode(program, arguments, tmp_path / "clip.mp4", folder=tmp_path / "cache").read_text().strip()

    return run


def test_same_arguments_are_encoded_once(encoder: Encoder) -> None:
    assert [encoder("-t", "1"), encoder("-t", "1"), encoder("-t", "2"), encoder("-t", "1")] == ["1", "1", "2", "1"]


def test_another_version_encodes_again(encoder: Encoder) -> None:
    assert [encoder("-t", "1"), encoder("-t", "1", version=2)] == ["1", "2"]


def test_cache_key_is_the_content_of_inputs(encoder: Encoder, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("a")
    second.write_text("a")
    assert [encoder("-i", first), encoder("-i", second)] == ["1", "1"]
    second.write_text("b")
    assert encoder("-i", second) == "2"


def test_changing_a_copy_leaves_the_cache_unchanged(encoder: Encoder, tmp_path: Path) -> None:
    encoder("-t", "1")
    (tmp_path / "clip.mp4").write_text("changed")
    assert encoder("-t", "1") == "1"


def test_failed_encoding_is_not_cached(encoder: Encoder, tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        encoder("broken")
    assert not (tmp_path / "cache").exists()


def test_files_unused_for_months_are_removed(encoder: Encoder, tmp_path: Path) -> None:
    encoder("-t", "1")
    (cached,) = (tmp_path / "cache").iterdir()
    old = time.time() - 90 * 86_400
    os.utime(cached, (old, old))
    assert encoder("-t", "2") == "2"
    assert not cached.exists()
