"""Virtual environments of the lanes' own: made once, made anew when what they hold changes or a making broke off."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from operations import virtualenv
from operations.errors import UserError

WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def package(folder: Path, name: str) -> str:
    """A package that pip can install without an index or a build."""
    wheel = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"{name}.py", "colour = 'blue'\n")
        archive.writestr(f"{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(
            f"{name}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{name}-1.0.dist-info/RECORD", "")
    return str(wheel)


def test_it_is_made_once_and_anew_when_it_did_not_finish(tmp_path: Path) -> None:
    wanted = [package(tmp_path, "painted")]
    python = virtualenv.ensure("tried", wanted, folder=tmp_path)
    place = python.parent.parent
    assert list(place.glob("lib/*/site-packages/painted.py"))

    (place / "left").touch()
    assert virtualenv.ensure("tried", wanted, folder=tmp_path) == python
    assert (place / "left").exists()

    (place / "complete").unlink()
    virtualenv.ensure("tried", wanted, folder=tmp_path)
    assert not (place / "left").exists()


def test_other_requirements_and_what_pip_says_of_them(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"The environment tried could not be made: -m pip install said: .*nowhere"):
        virtualenv.ensure("tried", [str(tmp_path / "nowhere.whl")], folder=tmp_path)
    python = virtualenv.ensure("tried", [package(tmp_path, "painted")], folder=tmp_path)

    assert len({*tmp_path.glob("tried-*")}) == 2 and python.exists()


def test_constraints_are_the_locks_versions(tmp_path: Path) -> None:
    lock = tmp_path / "Pipfile.lock"
    lock.write_text(json.dumps({"default": {"b": {"version": "==2"}, "a": {"version": "==1"}}, "develop": {}}))

    assert virtualenv.locked(lock) == ["a==1", "b==2"]
