"""Requirements for booting containers, with the reason if one is not met."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from emulator.system import ensure_programs, run, unsupported_reason
from workspace.errors import UnsupportedHost, UserError


def test_linux_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "this is darwin" in (unsupported_reason() or "")


def test_root_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(UnsupportedHost, match="cannot run here: containers need root; run with sudo"):
        ensure_programs()


def test_missing_programs_without_apt_get_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "debootstrap and systemd-nspawn and ip are missing; install" in (unsupported_reason() or "")


def test_apt_get_installs_missing_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    apt = tmp_path / "apt-get"
    apt.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/log\n')
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr("emulator.system.PACKAGES", {"no-such-program": "its-package"})
    ensure_programs()
    assert "its-package" in (tmp_path / "log").read_text()


def test_error_includes_the_output() -> None:
    lines: list[str] = []
    with pytest.raises(UserError, match="failed: out\nwrong"):
        run(["sh", "-c", "echo out; echo wrong >&2; exit 3"], on_line=lines.append)
    assert lines == ["out", "wrong"]
