"""The synthesized stacks in dependency order, with the outputs each one reads."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from constructs_lib.foundation import template

_REFERENCE = re.compile(r"data\.terraform_remote_state\.cross-stack-reference-input-([\w-]+)\.outputs\.([\w-]+)")


@dataclass(frozen=True, kw_only=True)
class StackNode:
    """A synthesized stack.

    Args:
        name: Name of the stack, such as "network".
        folder: Working directory for Terraform.
        document: Parsed ``cdk.tf.json``.
        dependencies: Names of the stacks to apply before it.
        inputs: Outputs that it reads, by the stack that exports them.
    """

    name: str
    folder: Path
    document: Mapping[str, Any]
    dependencies: tuple[str, ...] = ()
    inputs: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def paths(self) -> dict[str, str]:
        """Construct path of each resource, by Terraform address."""
        return {resource.address: resource.path for resource in template.resources(self.document)}


def read_stacks(output: Path) -> list[StackNode]:
    """Read the stacks of an output folder such as ``cdktf.out``, in dependency order.

    Args:
        output: Folder with ``manifest.json``.

    Raises:
        FileNotFoundError: The folder holds no synthesized stacks.
    """
    manifest = json.loads((output / "manifest.json").read_text(encoding="utf-8"))["stacks"]
    documents = template.read(output)
    stacks = {
        name: StackNode(
            name=name,
            folder=output / entry["workingDirectory"],
            document=documents[name],
            dependencies=tuple(entry["dependencies"]),
            inputs=find_inputs(documents[name]),
        )
        for name, entry in manifest.items()
    }
    return [stacks[name] for name in sort_by_dependency({name: stack.dependencies for name, stack in stacks.items()})]


def find_inputs(document: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """The outputs of other stacks that a stack refers to, by stack."""
    found: dict[str, set[str]] = {}
    for stack, output in _REFERENCE.findall(json.dumps(document)):
        found.setdefault(stack, set()).add(output)
    return {stack: frozenset(outputs) for stack, outputs in found.items()}


def sort_by_dependency(dependencies: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Sort names so that each follows its dependencies; ties are sorted by name.

    Args:
        dependencies: Dependencies by name. CDKTF rejects cycles.
    """
    done: list[str] = []
    while len(done) < len(dependencies):
        done.append(min(name for name, needs in dependencies.items() if name not in done and set(needs) <= set(done)))
    return done
