"""Jobs have private folders; the dead leave nothing behind."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from services.worker.workspace import Workspace


def test_a_jobs_folder_is_private_and_goes_with_the_job(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with pytest.raises(RuntimeError), workspace.job(original_bytes=0) as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "in.mp4").write_bytes(b"x")
        raise RuntimeError
    assert not folder.exists()


def test_a_closed_workspace_leaves_nothing(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    workspace.close()
    assert list(tmp_path.iterdir()) == []


def test_the_folders_of_the_dead_are_removed_and_those_of_the_living_are_not(tmp_path: Path) -> None:
    dead = tmp_path / "anb-worker-dead"
    (dead / "job-1").mkdir(parents=True)
    (dead / "job-1" / "in.mp4").write_bytes(b"x")
    other = tmp_path / "of-somebody-else"
    other.mkdir()
    link = tmp_path / "anb-worker-link"
    link.symlink_to(other)
    living = Workspace(tmp_path)
    with living.job(original_bytes=0) as folder:
        second = Workspace(tmp_path)
        assert folder.exists()
    assert not dead.exists()
    assert other.exists()
    living.close()
    second.close()
