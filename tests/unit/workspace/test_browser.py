"""Chromium for the browser tests: found, installed, or an error that explains how to install it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workspace.browser import ensure_chromium, find_chromium
from workspace.errors import UserError


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The only folder on the PATH; it holds sh."""
    (tmp_path / "sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def program(folder: Path, name: str, script: str = "") -> str:
    """Put a program on the PATH."""
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return str(file)


def set_user_id(monkeypatch: pytest.MonkeyPatch, user: int) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)


def test_chromium_on_the_path_is_found(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    set_user_id(monkeypatch, 1000)
    chrome = program(folder, "google-chrome")
    assert find_chromium() == chrome
    ensure_chromium()


def test_headless_shell_is_preferred_and_needs_no_install(folder: Path) -> None:
    program(folder, "chromium")
    program(folder, "apt-get", "exit 100")
    shell = program(folder, "chromium-headless-shell")
    ensure_chromium()
    assert find_chromium() == shell


def test_root_installs_the_headless_shell(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    set_user_id(monkeypatch, 0)
    program(folder, "chromium")
    program(folder, "apt-get", f'echo "$@" >> "{folder}/log"')
    ensure_chromium()
    update, install = (folder / "log").read_text().splitlines()
    assert update.endswith(" update")
    assert install.endswith(" install --no-install-recommends chromium-headless-shell")


def test_other_chromium_is_used_if_install_fails(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    set_user_id(monkeypatch, 0)
    chromium = program(folder, "chromium")
    program(folder, "apt-get", "exit 100")
    ensure_chromium()
    assert find_chromium() == chromium


def test_error_for_ordinary_users_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    set_user_id(monkeypatch, 1000)
    with pytest.raises(UserError, match="need Chromium on the PATH .*apt-get install chromium-headless-shell"):
        ensure_chromium()


def test_error_includes_the_output_of_apt_get(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    set_user_id(monkeypatch, 0)
    program(folder, "apt-get", "echo 'no network' >&2\nexit 100")
    with pytest.raises(UserError, match="apt-get -qq -y update failed: no network"):
        ensure_chromium()
