"""The browser tests need Chromium; an ordinary user is told how to get it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from operations.browser import ensure_chromium, find_chromium
from operations.errors import UserError


def test_one_on_the_path_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "google-chrome"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_chromium() == str(program)
    ensure_chromium()


def test_an_ordinary_user_is_told_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(UserError, match="need Chromium on the PATH .*apt-get install chromium"):
        ensure_chromium()


def test_what_apt_get_says_is_passed_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "apt-get"
    program.write_text("#!/bin/sh\necho 'no network' >&2\nexit 100\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr("operations.browser.NAMES", ("no-such-browser",))
    with pytest.raises(UserError, match="apt-get update -qq -y failed: no network"):
        ensure_chromium()
