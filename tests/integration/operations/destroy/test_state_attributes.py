"""Attributes that only Terraform reads are changed in the state, as the answers to `anb destroy` are."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from operations.deploy.stack_graph import StackNode
from operations.deploy.terraform_stack import TerraformStack


def test_attribute_is_set_in_the_state(tmp_path: Path) -> None:
    document = {
        "terraform": {"backend": {"local": {"path": str(tmp_path / "state.tfstate")}}},
        "resource": {"terraform_data": {"it": {"input": "kept"}, "other": {"input": "kept"}}},
    }
    (tmp_path / "cdk.tf.json").write_text(json.dumps(document))
    program = shutil.which("terraform")
    assert program
    stack = StackNode(name="it", folder=tmp_path, dependencies=(), document=document)
    terraform = TerraformStack(stack, Path(program), os.environ)
    terraform.init_and_pull_state()
    assert terraform.plan()
    subprocess.run(terraform.apply_command(), cwd=tmp_path, check=True, capture_output=True)

    terraform.set_in_state("terraform_data", "it", {"triggers_replace": "now"})

    attributes = {name: attributes for _, name, attributes in terraform.pull_state().resources}
    assert (attributes["it"]["triggers_replace"], attributes["other"]["triggers_replace"]) == ("now", None)
    assert not (tmp_path / "changed.tfstate").exists()
