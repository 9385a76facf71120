"""Fixtures of the constructs' tests."""

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
    """Snapshot of a test as a readable JSON file."""
    return snapshot.use_extension(JSONSnapshotExtension)


@pytest.fixture
def own_software(tmp_path: pathlib.Path) -> pathlib.Path:
    """A small program to release, which the test may change."""
    folder = tmp_path / "program"
    folder.mkdir()
    (folder / "main.py").write_text("print('hello')\n")
    return folder


@pytest.fixture
def written(tmp_path: pathlib.Path) -> Callable[..., dict[str, dict[str, Any]]]:
    """Synthesize stacks by name into the test's folder; return their documents."""

    def run(**builds: Build) -> dict[str, dict[str, Any]]:
        return {name: template.document for name, template in synth_app(tmp_path, **builds).items()}

    return run
