"""The browser tests need Chromium; an ordinary user is told how to get it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workspace.browser import ensure_chromium, find_chromium
from workspace.errors import UserError


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """All that is on the PATH, but for the shell."""
    (tmp_path / "sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def program(folder: Path, name: str, script: str = "") -> str:
    """Put a program on the PATH."""
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return str(file)


def be(monkeypatch: pytest.MonkeyPatch, user: int) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)


def test_one_on_the_path_is_found(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    be(monkeypatch, 1000)
    chrome = program(folder, "google-chrome")
    assert find_chromium() == chrome
    ensure_chromium()


def test_one_without_a_window_is_preferred_and_nothing_is_installed_then(folder: Path) -> None:
    program(folder, "chromium")
    program(folder, "apt-get", "exit 100")
    shell = program(folder, "chromium-headless-shell")
    ensure_chromium()
    assert find_chromium() == shell


def test_root_gets_the_one_without_a_window(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    be(monkeypatch, 0)
    program(folder, "chromium")
    program(folder, "apt-get", f'echo "$@" >> "{folder}/asked"')
    ensure_chromium()
    update, install = (folder / "asked").read_text().splitlines()
    assert update.endswith(" update")
    assert install.endswith(" install --no-install-recommends chromium-headless-shell")


def test_where_it_cannot_be_installed_another_will_do(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    be(monkeypatch, 0)
    chromium = program(folder, "chromium")
    program(folder, "apt-get", "exit 100")
    ensure_chromium()
    assert find_chromium() == chromium


def test_an_ordinary_user_is_told_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    be(monkeypatch, 1000)
    with pytest.raises(UserError, match="need Chromium on the PATH .*apt-get install chromium-headless-shell"):
        ensure_chromium()


def test_what_apt_get_says_is_passed_on(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    be(monkeypatch, 0)
    program(folder, "apt-get", "echo 'no network' >&2\nexit 100")
    with pytest.raises(UserError, match="apt-get -qq -y update failed: no network"):
        ensure_chromium()
