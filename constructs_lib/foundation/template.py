"""The synthesized stacks as data: what the reports and the security rules read."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

Documents = Mapping[str, Mapping[str, Any]]
"""Each stack's parsed ``cdk.tf.json``, by the stack's name."""


@dataclasses.dataclass(frozen=True)
class Resource:
    """A resource of a stack.

    Args:
        kind: Terraform's type, such as ``aws_s3_bucket``.
        name: its name in Terraform.
        path: path of the construct that made it.
        properties: its arguments.
    """

    kind: str
    name: str
    path: str
    properties: Mapping[str, Any]

    @property
    def address(self) -> str:
        """Terraform's address of it, inside its stack."""
        return f"{self.kind}.{self.name}"

    def blocks(self, name: str) -> list[Mapping[str, Any]]:
        """A nested block, which may have been written once or as a list."""
        return blocks(self.properties, name)


def read(folder: pathlib.Path) -> dict[str, dict[str, Any]]:
    """The stacks of an output folder such as ``cdktf.out``, by name.

    Raises:
        FileNotFoundError: nothing was synthesized there.
    """
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return {
        name: json.loads((folder / stack["synthesizedStackPath"]).read_text(encoding="utf-8"))
        for name, stack in manifest["stacks"].items()
    }


def resources(document: Mapping[str, Any]) -> Iterator[Resource]:
    """Every resource of a stack."""
    yield from _entries(document.get("resource", {}), "")


def data(document: Mapping[str, Any]) -> Iterator[Resource]:
    """Every data source of a stack; its kind begins with ``data.``, as its address does."""
    yield from _entries(document.get("data", {}), "data.")


def _entries(entries: Mapping[str, Any], prefix: str) -> Iterator[Resource]:
    for kind, found in entries.items():
        for name, properties in found.items():
            path = properties.get("//", {}).get("metadata", {}).get("path", name)
            yield Resource(f"{prefix}{kind}", name, path, properties)


def blocks(owner: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """A nested block, which may have been written once or as a list."""
    value = owner.get(name) or []
    return [value] if isinstance(value, Mapping) else list(value)


def lies_in(path: str, ancestor: str) -> bool:
    """Whether a construct is another one or part of it."""
    return path == ancestor or path.startswith(f"{ancestor}/")
