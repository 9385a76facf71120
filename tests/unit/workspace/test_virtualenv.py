"""Virtual environments of the lanes are cached, and recreated after a change or an interruption.

Python and pip are faked here; the lanes `package`, `checkov` and `docs` use real ones.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from workspace import virtualenv
from workspace.errors import UserError

PYTHON = """#!/bin/sh
if [ "$2" = venv ]; then
    rm -rf "$4" && mkdir -p "$4/bin" && cp "$0" "$4/bin/python"
    exit
fi
case $* in
    *nowhere*) echo "ERROR: nowhere.whl is not a file" >&2; exit 1 ;;
esac
echo "$*" >> "$(dirname "$0")/installed"
"""


@pytest.fixture(autouse=True)
def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "python"
    program.write_text(PYTHON)
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))


def test_environment_is_cached_and_recreated_if_incomplete(tmp_path: Path) -> None:
    python = virtualenv.ensure("tried", ["painted"], folder=tmp_path)
    environment = python.parent.parent
    installed = "-m pip install --quiet --disable-pip-version-check --constraint"
    assert (environment / "bin/installed").read_text() == f"{installed} {environment}/constraints.txt painted\n"

    (environment / "left").touch()
    assert virtualenv.ensure("tried", ["painted"], folder=tmp_path) == python
    assert (environment / "left").exists()

    (environment / "complete").unlink()
    virtualenv.ensure("tried", ["painted"], folder=tmp_path)
    assert not (environment / "left").exists()


def test_failed_install_shows_pips_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"environment tried could not be created: -m pip install failed: .*nowhere"):
        virtualenv.ensure("tried", [str(tmp_path / "nowhere.whl")], folder=tmp_path)


def test_other_requirements_create_another_environment(tmp_path: Path) -> None:
    first = virtualenv.ensure("tried", ["painted"], folder=tmp_path)
    second = virtualenv.ensure("tried", ["painted", "dried"], folder=tmp_path)

    assert first != second and first.exists() and second.exists()


def test_constraints_pin_the_versions_of_the_lock_file(tmp_path: Path) -> None:
    lock = tmp_path / "Pipfile.lock"
    lock.write_text(json.dumps({"default": {"b": {"version": "==2"}, "a": {"version": "==1"}}, "develop": {}}))

    assert virtualenv.read_constraints(lock) == ["a==1", "b==2"]
