"""Terraform's states as data: outputs and resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class TerraformState:
    """The state of a stack.

    Args:
        outputs: Values by name.
        resources: Type, name and attributes of each managed resource.
        tainted: Addresses of resources whose creation failed and that Terraform would replace.
    """

    outputs: Mapping[str, Any] = field(default_factory=dict)
    resources: tuple[tuple[str, str, Mapping[str, Any]], ...] = ()
    tainted: frozenset[str] = frozenset()

    @property
    def empty(self) -> bool:
        """Whether the state has no resources."""
        return not self.resources

    def document(self) -> dict[str, Any]:
        """The resources in the format of a synthesized stack."""
        launch_templates = {
            attributes.get("id"): f"${{{kind}.{name}.id}}"
            for kind, name, attributes in self.resources
            if kind == "aws_launch_template"
        }
        resources: dict[str, dict[str, Any]] = {}
        for kind, name, attributes in self.resources:
            known = {key: value for key, value in attributes.items() if value is not None}
            if kind == "aws_autoscaling_group":
                # In a configuration a group refers to its launch template by expression.
                blocks = known.get("launch_template", [])
                known["launch_template"] = [
                    {**block, "id": launch_templates.get(block["id"], block["id"])} for block in blocks
                ]
            resources.setdefault(kind, {})[name] = known
        return {"resource": resources}


def parse_state(pulled: Mapping[str, Any]) -> TerraformState:
    """Parse a state.

    Args:
        pulled: Parsed output of ``terraform state pull``; empty if there is no state yet.
    """
    # Terraform's import writes null for each output whose resources do not exist yet.
    outputs = {
        name: output["value"] for name, output in pulled.get("outputs", {}).items() if output["value"] is not None
    }
    tainted = frozenset(
        f"{resource['type']}.{resource['name']}"
        for resource in pulled.get("resources", [])
        if any(instance.get("status") == "tainted" for instance in resource["instances"])
    )
    return TerraformState(outputs, tuple(_resources(pulled)), tainted)


def _resources(pulled: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for resource in pulled.get("resources", []):
        for number, instance in enumerate(resource["instances"] if resource["mode"] == "managed" else []):
            name = resource["name"] if number == 0 else f"{resource['name']}-{number}"
            yield resource["type"], name, instance.get("attributes") or {}
