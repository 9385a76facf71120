"""Where containers cannot be booted, the reason is said and nothing is tried."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from emulator.system import ensure_programs, run, why_not
from workspace.errors import UnsupportedHost, UserError


def test_it_must_be_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "this is darwin" in (why_not() or "")


def test_it_must_be_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(UnsupportedHost, match="cannot run here: containers are booted as root; run it with sudo"):
        ensure_programs()


def test_elsewhere_than_on_debian_the_packages_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "debootstrap and systemd-nspawn and ip cannot be found; install" in (why_not() or "")


def test_on_debian_they_are_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    apt = tmp_path / "apt-get"
    apt.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n')
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr("emulator.system.PACKAGES", {"no-such-program": "its-package"})
    ensure_programs()
    assert "its-package" in (tmp_path / "asked").read_text()


def test_what_a_program_said_is_passed_on() -> None:
    lines: list[str] = []
    with pytest.raises(UserError, match="failed: out\nwrong"):
        run(["sh", "-c", "echo out; echo wrong >&2; exit 3"], on_line=lines.append)
    assert lines == ["out", "wrong"]
