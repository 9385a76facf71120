"""What Terraform's states say stands: outputs, and what a month of it costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class TerraformState:
    """A stack's state.

    Args:
        outputs: values by name.
        resources: of managed resources: type, name and attributes.
        tainted: addresses of those that Terraform did not see finished, and would replace.
    """

    outputs: Mapping[str, Any] = field(default_factory=dict)
    resources: tuple[tuple[str, str, Mapping[str, Any]], ...] = ()
    tainted: frozenset[str] = frozenset()

    @property
    def empty(self) -> bool:
        """Whether nothing stands."""
        return not self.resources

    def document(self) -> dict[str, Any]:
        """The resources in the form of a synthesized stack, for what reads those."""
        templates = {
            attributes.get("id"): f"${{{kind}.{name}.id}}"
            for kind, name, attributes in self.resources
            if kind == "aws_launch_template"
        }
        found: dict[str, dict[str, Any]] = {}
        for kind, name, attributes in self.resources:
            known = {key: value for key, value in attributes.items() if value is not None}
            if kind == "aws_autoscaling_group":
                # In a configuration a group names its template by reference.
                blocks = known.get("launch_template", [])
                known["launch_template"] = [{**each, "id": templates.get(each["id"], each["id"])} for each in blocks]
            found.setdefault(kind, {})[name] = known
        return {"resource": found}


def read_state(pulled: Mapping[str, Any]) -> TerraformState:
    """A state.

    Args:
        pulled: what ``terraform state pull`` prints, parsed; empty when there is none yet.
    """
    # Terraform's import writes null for each output whose resources do not exist yet.
    outputs = {name: each["value"] for name, each in pulled.get("outputs", {}).items() if each["value"] is not None}
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
