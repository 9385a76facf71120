"""Terraform accepts every stack of every variant without a warning."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from conftest import Stacks

from workspace import aws_provider, paths
from workspace.cdktf import Tools


def test_terraform_validates_every_variant_without_a_warning(variants: dict[str, Stacks], tmp_path: Path) -> None:
    """Each stack is a module of one configuration, so that Terraform reads the provider's schema once."""
    modules: dict[str, Any] = {}
    for variant, stacks in variants.items():
        for stack, document in stacks.items():
            folder = tmp_path / f"{variant}-{stack}"
            folder.mkdir()
            # Terraform ignores a module's backend with a warning; `init -backend=false` does not check it either.
            terraform = {key: value for key, value in document["terraform"].items() if key != "backend"}
            (folder / "main.tf.json").write_text(json.dumps({**document, "terraform": terraform}))
            modules[folder.name] = {"source": f"./{folder.name}"}
    (tmp_path / "main.tf.json").write_text(json.dumps({"module": modules}))

    run_terraform(tmp_path, "init", "-input=false", "-backend=false")
    report = json.loads(run_terraform(tmp_path, "validate", "-json"))

    assert len(modules) > 40
    assert report["diagnostics"] == []
    assert report["valid"] is True


def run_terraform(folder: Path, *arguments: str) -> str:
    """Run Terraform in a folder and return its output."""
    tools = Tools.ensure(cdktf_cli=False)
    variables = aws_provider.provider_variables(tools.provider, paths.CACHE_DIR / "terraform")
    process = subprocess.run(
        [tools.terraform / "terraform", *arguments],
        cwd=folder,
        env={**os.environ, **variables, "CHECKPOINT_DISABLE": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert process.returncode == 0 or arguments[0] == "validate", process.stderr
    return process.stdout
