"""Packages of the system are installed one after the other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from workspace import apt, paths
from workspace.errors import UserError


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """What apt-get was asked for, with when it had begun and when it had done it."""
    program, told = tmp_path / "apt-get", tmp_path / "asked"
    program.write_text(f'#!/bin/sh\necho "$*" >> {told}\nsleep 0.1\necho done >> {told}\n[ "$5" != missing ]\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setattr(paths, "OWN", tmp_path / "own")
    return told


def test_two_lanes_wait_for_each_other(asked: Path) -> None:
    with ThreadPoolExecutor() as pool:
        list(pool.map(apt.install, [["a"], ["b", "c"]]))
    lines = asked.read_text().splitlines()
    first, second = lines[:4], lines[4:]
    for each in (first, second):
        assert each[::2] == ["-qq -y update", each[2]]
        assert each[1::2] == ["done", "done"]
    assert {first[2], second[2]} == {f"-qq -y install --no-install-recommends {packages}" for packages in ("a", "b c")}


def test_a_package_that_there_is_not(asked: Path) -> None:
    with pytest.raises(UserError, match="apt-get -qq -y install --no-install-recommends missing failed: "):
        apt.install(["missing"])
