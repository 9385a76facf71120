"""Who may do what on which ARN: the IAM statements of the synthesized stacks, readable.

``write`` leaves ``privileges.json`` beside the stacks at each synth: a list, one entry a statement, of

    {"who": "portal/portal/role", "sid": "ReadUploads", "actions": ["s3:GetObject"],
     "resources": ["storage/videos/bucket.arn/uploads/*"], "conditions": {}}

A reference is shown as the path of the construct it leads to, through the outputs of other stacks too. On demand:

    python -m constructs_lib.governance.iam_report cdktf.out
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from constructs_lib.foundation import template

FILE = "privileges.json"

_REMOTE = re.compile(r"data\.terraform_remote_state\.cross-stack-reference-input-([\w-]+)\.outputs\.([\w-]+)")
_REFERENCE = re.compile(r"\$\{([^}]+)\}")
_ATTACHED = ("aws_iam_role_policy_attachment", "aws_iam_policy_attachment")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Privilege:
    """What one statement allows.

    Args:
        who: path of the role.
        sid: the statement's id.
        actions: what it may do; a managed policy is named by its ARN.
        resources: on what.
        conditions: IAM's condition block.
    """

    who: str
    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def privileges(stacks: template.Documents) -> list[Privilege]:
    """Every statement that allows a role of these stacks something, by role."""
    names = _Names(stacks)
    found = [each for stack, document in stacks.items() for each in _of_stack(stack, document, names)]
    return sorted(found, key=lambda each: (each.who, each.sid))


def _of_stack(stack: str, document: Mapping[str, Any], names: _Names) -> Iterator[Privilege]:
    for resource in template.resources(document):
        if resource.kind == "aws_iam_role_policy":
            statements = json.loads(resource.properties["policy"])["Statement"]
            role = names.readable(stack, resource.properties["role"])
        elif resource.kind in _ATTACHED:
            role = names.readable(stack, resource.properties["role"])
            yield Privilege(who=_bare(role), sid="", actions=(resource.properties["policy_arn"],), resources=("*",))
            continue
        else:
            continue
        for statement in statements:
            if statement["Effect"] == "Allow":
                yield Privilege(
                    who=_bare(role),
                    sid=statement.get("Sid", ""),
                    actions=tuple(_list(statement["Action"])),
                    resources=tuple(names.readable(stack, each) for each in _list(statement["Resource"])),
                    conditions=statement.get("Condition", {}),
                )


class _Names:
    """The path behind each reference."""

    def __init__(self, stacks: template.Documents) -> None:
        self._stacks = stacks
        self._paths = {
            (stack, resource.address): resource.path
            for stack, document in stacks.items()
            for resource in template.resources(document)
        }

    def readable(self, stack: str, text: str) -> str:
        """A text with its references as paths; one that leads nowhere known stays as it is."""
        return _REFERENCE.sub(lambda match: self._follow(stack, match), text)

    def _follow(self, stack: str, match: re.Match[str]) -> str:
        remote = _REMOTE.fullmatch(match[1])
        if remote:
            output = self._stacks.get(remote[1], {}).get("output", {}).get(remote[2])
            return self.readable(remote[1], str(output["value"])) if output else match[0]
        kind, _, rest = match[1].partition(".")
        name, _, attribute = rest.partition(".")
        path = self._paths.get((stack, f"{kind}.{name}"))
        return f"{path}.{attribute}" if path else match[0]


def _bare(reference: str) -> str:
    """A role's path, without the attribute it was named by."""
    return reference.rpartition(".")[0] or reference


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def text(found: list[Privilege]) -> str:
    """The report for people: each role, and under it what it may do on what."""
    lines: list[str] = []
    for index, each in enumerate(found):
        if index == 0 or found[index - 1].who != each.who:
            lines.append(f"{each.who} may")
        condition = f"  when {json.dumps(each.conditions, sort_keys=True)}" if each.conditions else ""
        lines.append(f"  {', '.join(each.actions)}")
        lines += [f"      on {resource}{condition}" for resource in each.resources]
    return "\n".join(lines) or "No role of these stacks may do anything."


def write(folder: pathlib.Path) -> None:
    """Write ``privileges.json`` into an output folder such as ``cdktf.out``."""
    found = [dataclasses.asdict(each) for each in privileges(template.read(folder))]
    (folder / FILE).write_text(f"{json.dumps(found, indent=2)}\n", encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Print the report of an output folder, ``cdktf.out`` unless another is named."""
    folder = pathlib.Path(arguments[0] if arguments else "cdktf.out")
    if not (folder / "manifest.json").is_file():
        print(f"{folder} holds no manifest.json; synthesize first: cdktf synth", file=sys.stderr)  # noqa: T201
        return 1
    print(text(privileges(template.read(folder))))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
