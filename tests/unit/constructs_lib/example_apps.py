"""Synthesize the apps of examples/ in this process."""

from __future__ import annotations

import functools
import pathlib
import runpy
import tempfile

import pytest

from constructs_lib.testing import Template, read_templates

FOLDER = pathlib.Path(__file__).resolve().parents[3] / "examples"
EXAMPLES = sorted(file.stem for file in FOLDER.glob("*.py"))


def synthesize(name: str) -> Template:
    """Run an example unchanged; return its only stack."""
    from constructs_lib.foundation import cdk

    with tempfile.TemporaryDirectory() as out, pytest.MonkeyPatch.context() as patch:
        patch.setattr(cdk, "App", functools.partial(cdk.App, outdir=out))
        runpy.run_path(str(FOLDER / f"{name}.py"))
        (template,) = read_templates(pathlib.Path(out)).values()
    return template


@functools.cache
def example(name: str) -> Template:
    """Return an example's stack, synthesized once; tests must not change it."""
    return synthesize(name)
