"""The apps of examples/, synthesized in this process."""

from __future__ import annotations

import functools
import pathlib
import runpy

import pytest

from constructs_lib import cdk
from constructs_lib.testing import Template, read_templates

FOLDER = pathlib.Path(__file__).resolve().parents[3] / "examples"
EXAMPLES = sorted(file.stem for file in FOLDER.glob("*.py"))


def synthesize(name: str, out: pathlib.Path) -> Template:
    """The only stack of an example, which is run as it stands."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cdk, "App", functools.partial(cdk.App, outdir=str(out)))
        runpy.run_path(str(FOLDER / f"{name}.py"))
    (template,) = read_templates(out).values()
    return template
