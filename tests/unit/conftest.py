"""What the unit tests share: the whole app, synthesized once for each set of settings."""

from __future__ import annotations

import gc
import pathlib
import sys
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from constructs_lib.testing import Template

    App = dict[str, Template]

# The rewritten assertions are kept: to rewrite every module takes longer than most of the tests.
sys.dont_write_bytecode = False

EMBEDDED = {
    "target": "embedded",
    "environment_name": "anb-local",
    "ami_id": "ami-12345678",
    "profile": "development",
}
"""The settings of a deployment to the emulator."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without garbage collection: nothing that is imported here is garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session")
def software(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A program to release, which no test changes: the hash of its release stays the same."""
    folder = tmp_path_factory.mktemp("software")
    (folder / "main.py").write_text("print('hello')\n")
    return folder


@pytest.fixture(scope="session")
def synthesize(software: pathlib.Path) -> Callable[..., App]:
    """Synthesize all stacks with some settings changed; each set of settings once."""
    from constructs_lib.foundation import cdk
    from constructs_lib.testing import synth_stacks
    from stacks.app import build
    from stacks.release_artifacts import sources
    from stacks.settings.model import Settings

    synthesized: dict[str, App] = {}

    def run(**changes: object) -> App:
        settings = Settings.model_validate({"state_directory": "/states", **changes})
        key = settings.model_dump_json()
        if key not in synthesized:
            synthesized[key] = synth_stacks(build(cdk.Testing.app(), settings, sources(software)))
        return synthesized[key]

    return run


@pytest.fixture
def production(synthesize: Callable[..., App]) -> App:
    """All stacks with the default settings."""
    return synthesize()


@pytest.fixture
def embedded(synthesize: Callable[..., App]) -> App:
    """All stacks as they are deployed to the emulator."""
    return synthesize(**EMBEDDED)
