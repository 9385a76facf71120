"""The shims for a fast synth do not change the synthesized files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from constructs_lib.foundation.cdk import LAZY_NODE, LAZY_PYTHON

ROOT = Path(__file__).resolve().parents[3]
STACKS = {"network", "storage", "queue", "database", "load-balancer", "portal", "workers", "observability"}

SCRIPT = """
import json, os, pathlib, sys
import psutil
from constructs_lib.foundation import cdk
from stacks.app import build
from stacks.settings.loader import load
from stacks.release_artifacts import sources

written = {}
for environment in ("production", "local"):
    app = cdk.App(outdir=sys.argv[1] + "/" + environment)
    build(app, load({"ANB_ENVIRONMENT": environment}, pathlib.Path("environments")), sources(pathlib.Path(sys.argv[2])))
    app.synth()
    files = sorted(pathlib.Path(app.outdir).glob("stacks/*/cdk.tf.json"))
    written[environment] = {file.parent.name: file.read_text() for file in files}
kernels = psutil.Process().children(recursive=True)
print(json.dumps({
    "written": written,
    "python": "cdktf_cdktf_provider_aws.vpc_ipam" not in sys.modules,
    "node": any("lazy_provider.js" in each.environ().get("NODE_OPTIONS", "") for each in kernels),
}))
"""


@dataclass(frozen=True)
class Run:
    """The files of a synth, and which shims were on."""

    written: dict[str, dict[str, str]]
    python: bool
    node: bool


def synthesize(folder: Path, software: Path, **switches: str) -> Run:
    folder.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANB_", "NODE_OPTIONS"))}
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, folder, software],
        cwd=ROOT,
        env={**kept, "PYTHONPATH": str(ROOT), **switches},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return Run(**json.loads(result.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def software(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program to release."""
    folder = tmp_path_factory.mktemp("software")
    (folder / "main.py").write_text("print('hello')\n")
    return folder


@pytest.fixture(scope="module")
def fast(tmp_path_factory: pytest.TempPathFactory, software: Path) -> Run:
    """A synth with the default shims, in its own process."""
    return synthesize(tmp_path_factory.mktemp("synth") / "fast", software)


def test_files_are_equal_with_and_without_shims(tmp_path: Path, software: Path, fast: Run) -> None:
    stock = synthesize(tmp_path / "stock", software, **{LAZY_PYTHON: "0", LAZY_NODE: "0"})

    assert (fast.python, fast.node) == (True, True)
    assert (stock.python, stock.node) == (False, False)
    assert {name: set(written) for name, written in fast.written.items()} == {"production": STACKS, "local": STACKS}
    assert fast.written == stock.written


def test_shims_have_separate_switches(tmp_path: Path, software: Path, fast: Run) -> None:
    one = synthesize(tmp_path / "one", software, **{LAZY_NODE: "0"})

    assert (one.python, one.node) == (True, False)
    assert one.written == fast.written
