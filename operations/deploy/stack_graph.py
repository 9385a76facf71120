"""The synthesized stacks in the order they are applied, and what each reads of those before it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from constructs_lib.foundation import template

_READ = re.compile(r"data\.terraform_remote_state\.cross-stack-reference-input-([\w-]+)\.outputs\.([\w-]+)")


@dataclass(frozen=True, kw_only=True)
class StackNode:
    """A synthesized stack.

    Args:
        name: such as "network".
        folder: where Terraform runs.
        document: its parsed ``cdk.tf.json``.
        after: names of the stacks that are applied before it.
        reads: the outputs it reads, by the stack they are of.
    """

    name: str
    folder: Path
    document: Mapping[str, Any]
    after: tuple[str, ...] = ()
    reads: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def paths(self) -> dict[str, str]:
        """The path of the construct that made each resource, by Terraform's address."""
        return {each.address: each.path for each in template.resources(self.document)}


def read_stacks(output: Path) -> list[StackNode]:
    """The stacks of an output folder such as ``cdktf.out``, each after those it needs.

    Args:
        output: holds ``manifest.json``.

    Raises:
        FileNotFoundError: nothing was synthesized there.
    """
    manifest = json.loads((output / "manifest.json").read_text(encoding="utf-8"))["stacks"]
    documents = template.read(output)
    stacks = {
        name: StackNode(
            name=name,
            folder=output / entry["workingDirectory"],
            document=documents[name],
            after=tuple(entry["dependencies"]),
            reads=reads(documents[name]),
        )
        for name, entry in manifest.items()
    }
    return [stacks[name] for name in in_order({name: stack.after for name, stack in stacks.items()})]


def reads(document: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """The outputs of other stacks that a stack refers to, by stack."""
    found: dict[str, set[str]] = {}
    for stack, output in _READ.findall(json.dumps(document)):
        found.setdefault(stack, set()).add(output)
    return {stack: frozenset(outputs) for stack, outputs in found.items()}


def in_order(after: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Names, each after those it needs; among those that could come next, the first by name.

    Args:
        after: what each one needs. The framework refuses stacks that need each other.
    """
    done: list[str] = []
    while len(done) < len(after):
        done.append(min(name for name, needs in after.items() if name not in done and set(needs) <= set(done)))
    return done
