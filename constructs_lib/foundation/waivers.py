"""The register of waivers: every weakened default, with its place, its reason and the scanner rules it explains.

A construct without a protection adds an entry with the reason. The register is the stack's output ``waivers``, so it
is in the plan, in the state and in ``terraform output``; it has text only. ``write`` collects the registers of all
stacks in ``waivers.json`` in the output folder, a list of

    {"stack": "edge", "path": "edge/balancer", "weakened": "redirects nothing to HTTPS",
     "reason": "no certificate_arn is set", "explains": ["CKV2_AWS_20"],
     "resources": ["aws_lb.balancer_E3121A8F", ...]}

Findings that the library accepts everywhere (``accepted_findings.py``) are included: one entry per stack, with the
stack's path and all resources of the type.

``resources`` are the Terraform addresses of all resources in the construct. The entry explains a scanner's finding if
``explains`` has the rule and ``resources`` the resource. The ids are checkov's or those of ``SecurityAspect``.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from constructs_lib.foundation import template
from constructs_lib.foundation.accepted_findings import ACCEPTED_FINDINGS
from constructs_lib.foundation.errors import ConstructError
from constructs_lib.foundation.template import Resource

if TYPE_CHECKING:
    from constructs_lib.foundation.cdk import Construct

OUTPUT = "waivers"
FILE = "waivers.json"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Waiver:
    """One weakened default.

    Args:
        path: path of the construct.
        weakened: what is weaker than the default.
        reason: reason why that is acceptable.
        explains: ids of the scanner rules that report it.
    """

    path: str
    weakened: str
    reason: str
    explains: tuple[str, ...] = ()

    def covers(self, path: str, rules: Iterable[str]) -> bool:
        """Whether the waiver explains one of these rules for a construct."""
        return template.is_within(path, self.path) and bool(set(rules) & set(self.explains))


def waive(construct: Construct, weakened: str, *, reason: str, explains: Sequence[str] = ()) -> None:
    """Add a weakened default to the register of the construct's stack.

    Args:
        construct: construct that is weaker; the entry covers everything in it.
        weakened: what is weaker, in a few words that complete "it".
        reason: reason why that is acceptable.
        explains: ids of the scanner rules that report it, such as ``CKV_AWS_2``.

    Raises:
        ConstructError: if the reason is empty.
    """
    from constructs_lib.foundation import cdk

    path = construct.node.path
    if not reason.strip():
        raise ConstructError(
            path,
            option="reason",
            value=reason,
            allowed=f"the reason why it {weakened}",
            fix="write a sentence that a reviewer can judge",
        )
    stack = cdk.TerraformStack.of(construct)
    entry = {"path": path, "weakened": weakened, "reason": reason, "explains": list(explains)}
    # Kept in Node, because several Python objects can represent one output.
    output: Any = stack.node.try_find_child(OUTPUT)
    if output is None:
        cdk.TerraformOutput(stack, OUTPUT, value=[entry], description="What is weaker than by default, and why")
    else:
        output.value = [*output.value, entry]


def registered(document: Mapping[str, Any]) -> list[Waiver]:
    """Read the register of a synthesized stack, sorted by path."""
    entries = document.get("output", {}).get(OUTPUT, {}).get("value", [])
    waivers = [Waiver(**{**entry, "explains": tuple(entry["explains"])}) for entry in entries]
    return sorted(waivers, key=lambda waiver: (waiver.path, waiver.weakened))


def report(stacks: template.Documents) -> Iterator[dict[str, Any]]:
    """Yield the entries of ``waivers.json``: each stack's register and the accepted findings that apply to it."""
    for name, document in sorted(stacks.items()):
        resources = list(template.resources(document))
        for waiver in registered(document):
            covered = sorted(part.address for part in resources if template.is_within(part.path, waiver.path))
            yield {"stack": name, **dataclasses.asdict(waiver), "resources": covered}
        yield from _accepted(name, [*resources, *template.data(document)])


def _accepted(stack: str, resources: Sequence[Resource]) -> Iterator[dict[str, Any]]:
    for accepted in ACCEPTED_FINDINGS:
        covered = sorted(resource.address for resource in resources if resource.kind == accepted.kind)
        if covered:
            entry = Waiver(path=stack, weakened=accepted.weakened, reason=accepted.reason, explains=accepted.explains)
            yield {"stack": stack, **dataclasses.asdict(entry), "resources": covered}


def write(folder: pathlib.Path) -> None:
    """Write ``waivers.json`` into an output folder such as ``cdktf.out``."""
    text = json.dumps(list(report(template.read(folder))), indent=2)
    (folder / FILE).write_text(f"{text}\n", encoding="utf-8")
