"""The register of waivers: every default that was weakened, where, why, and which scanner rules that explains.

A construct that leaves out a protection enters it with its reason. The register is the stack's output ``waivers``,
so it is in the plan, in the state and in ``terraform output``; it holds no values but texts. ``write`` gathers the
registers of all stacks in ``waivers.json`` beside them, a list of

    {"stack": "edge", "path": "edge/balancer", "weakened": "redirects nothing to HTTPS",
     "reason": "no certificate_arn is set", "explains": ["CKV2_AWS_20"],
     "resources": ["aws_lb.balancer_E3121A8F", ...]}

What the library leaves out everywhere, by decision (``decisions.py``), is there as well: one entry a stack, whose path
is the stack's and whose resources are all of the kind.

``resources`` are the Terraform addresses of all that lies in the construct. A rule named in ``explains`` that a scanner
holds against one of them is explained; any other finding is not. The ids are checkov's, or ``SecurityAspect``'s own.
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
        path: path of the construct it is about.
        weakened: what is weaker than it would be by default.
        reason: why that is all right.
        explains: ids of the scanner rules that would object.
    """

    path: str
    weakened: str
    reason: str
    explains: tuple[str, ...] = ()

    def covers(self, path: str, rules: Iterable[str]) -> bool:
        """Whether it explains one of these rules for a construct."""
        return template.lies_in(path, self.path) and bool(set(rules) & set(self.explains))


def waive(construct: Construct, weakened: str, *, reason: str, explains: Sequence[str] = ()) -> None:
    """Enter a weakened default in the register of the construct's stack.

    Args:
        construct: what is weaker; everything in it is covered.
        weakened: what is weaker, in a few words.
        reason: why that is all right.
        explains: ids of the scanner rules that would object, such as ``CKV_AWS_2``.

    Raises:
        ConstructError: the reason says nothing.
    """
    from constructs_lib.foundation import cdk

    path = construct.node.path
    if not reason.strip():
        raise ConstructError(
            path,
            option="reason",
            given=reason,
            allowed=f"the reason why it {weakened}",
            fix="write a sentence that a reviewer can judge",
        )
    stack = cdk.TerraformStack.of(construct)
    entry = {"path": path, "weakened": weakened, "reason": reason, "explains": list(explains)}
    # The output lives in Node, so it is found again however many Python objects have stood for it.
    output: Any = stack.node.try_find_child(OUTPUT)
    if output is None:
        cdk.TerraformOutput(stack, OUTPUT, value=[entry], description="What is weaker than by default, and why")
    else:
        output.value = [*output.value, entry]


def registered(document: Mapping[str, Any]) -> list[Waiver]:
    """The register of a synthesized stack, in the order of the paths."""
    entries = document.get("output", {}).get(OUTPUT, {}).get("value", [])
    found = [Waiver(**{**entry, "explains": tuple(entry["explains"])}) for entry in entries]
    return sorted(found, key=lambda each: (each.path, each.weakened))


def report(stacks: template.Documents) -> Iterator[dict[str, Any]]:
    """What ``waivers.json`` holds: the registers of all stacks, each with the decisions that matter in it."""
    for name, document in sorted(stacks.items()):
        resources = list(template.resources(document))
        for each in registered(document):
            inside = sorted(part.address for part in resources if template.lies_in(part.path, each.path))
            yield {"stack": name, **dataclasses.asdict(each), "resources": inside}
        yield from _decided(name, [*resources, *template.data(document)])


def _decided(stack: str, parts: Sequence[Resource]) -> Iterator[dict[str, Any]]:
    for decision in ACCEPTED_FINDINGS:
        about = sorted(part.address for part in parts if part.kind == decision.kind)
        if about:
            entry = Waiver(path=stack, weakened=decision.weakened, reason=decision.reason, explains=decision.explains)
            yield {"stack": stack, **dataclasses.asdict(entry), "resources": about}


def write(folder: pathlib.Path) -> None:
    """Write ``waivers.json`` into an output folder such as ``cdktf.out``."""
    text = json.dumps(list(report(template.read(folder))), indent=2)
    (folder / FILE).write_text(f"{text}\n", encoding="utf-8")
