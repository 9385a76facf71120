"""What the stacks' tests share: the whole app, synthesized once for each set of settings."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from constructs_lib import cdk
from constructs_lib.testing import Template, synth_stacks
from stacks.app import build
from stacks.settings import Settings
from stacks.software import sources

App = dict[str, Template]


@pytest.fixture(scope="session")
def software(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A program that does not change, so that the release's hash stays the same."""
    folder = tmp_path_factory.mktemp("software")
    (folder / "main.py").write_text("print('hello')\n")
    return folder


@pytest.fixture(scope="session")
def synthesize(software: pathlib.Path) -> Callable[..., App]:
    """Synthesize all stacks with some settings changed."""
    made: dict[str, App] = {}

    def run(**changes: object) -> App:
        settings = Settings.model_validate({"state_directory": "/states", **changes})
        key = settings.model_dump_json()
        if key not in made:
            made[key] = synth_stacks(build(cdk.Testing.app(), settings, sources(software)))
        return made[key]

    return run


@pytest.fixture
def production(synthesize: Callable[..., App]) -> App:
    """All stacks with the default settings."""
    return synthesize()


@pytest.fixture
def embedded(synthesize: Callable[..., App]) -> App:
    """All stacks as they are deployed to the emulator."""
    return synthesize(target="embedded", environment_name="anb-local", ami_id="ami-12345678", profile="development")


@pytest.fixture
def recorded(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """The recorded output, one readable JSON file for each test."""
    return snapshot.use_extension(JSONSnapshotExtension)
