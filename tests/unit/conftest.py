"""Fixtures of the unit tests: the whole app, synthesized once per set of settings."""

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

# Cache the rewritten assertions, because rewriting every module takes longer than most tests.
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
    """Collect tests without garbage collection, because imports create no garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session")
def software(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A program to release; tests do not change it, so that its hash is stable."""
    folder = tmp_path_factory.mktemp("software")
    (folder / "main.py").write_text("print('hello')\n")
    return folder


@pytest.fixture(scope="session")
def synthesize(software: pathlib.Path) -> Callable[..., App]:
    """Synthesize all stacks with some settings changed, once per set of settings."""
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
