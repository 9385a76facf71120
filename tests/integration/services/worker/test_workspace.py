"""Private job folders, and cleanup after dead workers."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from services.worker.workspace import Workspace


def test_job_folder_is_private_and_removed(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with pytest.raises(RuntimeError), workspace.job(original_bytes=0) as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "in.mp4").write_bytes(b"x")
        raise RuntimeError
    assert not folder.exists()


def test_closed_workspace_leaves_nothing(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    workspace.close()
    assert list(tmp_path.iterdir()) == []


def test_only_folders_of_dead_workers_are_removed(tmp_path: Path) -> None:
    dead = tmp_path / "anb-worker-dead"
    (dead / "job-1").mkdir(parents=True)
    (dead / "job-1" / "in.mp4").write_bytes(b"x")
    other = tmp_path / "of-another-program"
    other.mkdir()
    link = tmp_path / "anb-worker-link"
    link.symlink_to(other)
    live = Workspace(tmp_path)
    with live.job(original_bytes=0) as folder:
        second = Workspace(tmp_path)
        assert folder.exists()
    assert not dead.exists()
    assert other.exists()
    live.close()
    second.close()
