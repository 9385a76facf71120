"""What the constructs' tests share."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from constructs_lib.testing import Build, synth_app


@pytest.fixture
def recorded(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """The recorded output, one readable JSON file for each test."""
    return snapshot.use_extension(JSONSnapshotExtension)


@pytest.fixture
def own_software(tmp_path: pathlib.Path) -> pathlib.Path:
    """A small program to release, of the test's own: it may change it."""
    folder = tmp_path / "program"
    folder.mkdir()
    (folder / "main.py").write_text("print('hello')\n")
    return folder


@pytest.fixture
def written(tmp_path: pathlib.Path) -> Callable[..., dict[str, dict[str, Any]]]:
    """Synthesize stacks of these names into the test's folder; gives their documents."""

    def run(**builds: Build) -> dict[str, dict[str, Any]]:
        return {name: template.document for name, template in synth_app(tmp_path, **builds).items()}

    return run
