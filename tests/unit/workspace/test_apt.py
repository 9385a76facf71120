"""System packages are installed one call at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from workspace import apt, paths
from workspace.errors import UserError


@pytest.fixture
def apt_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The calls of a fake apt-get: a line at the start and one at the end of each."""
    program, log = tmp_path / "apt-get", tmp_path / "log"
    program.write_text(f'#!/bin/sh\necho "$*" >> {log}\nsleep 0.1\necho done >> {log}\n[ "$5" != missing ]\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setattr(paths, "CACHE_DIR", tmp_path / "cache")
    return log


def test_concurrent_installs_run_one_after_the_other(apt_log: Path) -> None:
    with ThreadPoolExecutor() as pool:
        list(pool.map(apt.install, [["a"], ["b", "c"]]))
    lines = apt_log.read_text().splitlines()
    first, second = lines[:4], lines[4:]
    for each in (first, second):
        assert each[::2] == ["-qq -y update", each[2]]
        assert each[1::2] == ["done", "done"]
    assert {first[2], second[2]} == {f"-qq -y install --no-install-recommends {packages}" for packages in ("a", "b c")}


def test_missing_package_raises_user_error(apt_log: Path) -> None:
    with pytest.raises(UserError, match="apt-get -qq -y install --no-install-recommends missing failed: "):
        apt.install(["missing"])
