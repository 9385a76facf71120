"""Read synthesized stacks as data, for the reports and the security rules."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

Documents = Mapping[str, Mapping[str, Any]]
"""Parsed ``cdk.tf.json`` of each stack, by the stack's name."""


@dataclasses.dataclass(frozen=True)
class Resource:
    """A resource of a stack.

    Args:
        kind: Terraform type, such as ``aws_s3_bucket``.
        name: name in Terraform.
        path: path of the construct that created it.
        properties: arguments of the resource.
    """

    kind: str
    name: str
    path: str
    properties: Mapping[str, Any]

    @property
    def address(self) -> str:
        """Terraform's address of the resource in its stack."""
        return f"{self.kind}.{self.name}"

    def blocks(self, name: str) -> list[Mapping[str, Any]]:
        """Return a nested block as a list, whether it was written once or as a list."""
        return blocks(self.properties, name)


def read(folder: pathlib.Path) -> dict[str, dict[str, Any]]:
    """Read the stacks of an output folder such as ``cdktf.out``, by name.

    Raises:
        FileNotFoundError: the folder has no synthesized stacks.
    """
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return {
        name: json.loads((folder / stack["synthesizedStackPath"]).read_text(encoding="utf-8"))
        for name, stack in manifest["stacks"].items()
    }


def resources(document: Mapping[str, Any]) -> Iterator[Resource]:
    """Yield every resource of a stack."""
    yield from _entries(document.get("resource", {}), "")


def data(document: Mapping[str, Any]) -> Iterator[Resource]:
    """Yield every data source of a stack; its kind starts with ``data.``, like its address."""
    yield from _entries(document.get("data", {}), "data.")


def _entries(entries: Mapping[str, Any], prefix: str) -> Iterator[Resource]:
    for kind, named in entries.items():
        for name, properties in named.items():
            path = properties.get("//", {}).get("metadata", {}).get("path", name)
            yield Resource(f"{prefix}{kind}", name, path, properties)


def blocks(owner: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return a nested block as a list, whether it was written once or as a list."""
    value = owner.get(name) or []
    return [value] if isinstance(value, Mapping) else list(value)


def is_within(path: str, ancestor: str) -> bool:
    """Whether a construct is another construct or part of it."""
    return path == ancestor or path.startswith(f"{ancestor}/")
