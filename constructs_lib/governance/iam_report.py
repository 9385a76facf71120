"""IAM report: which role may do what on which resource, from the synthesized stacks.

``write`` creates ``privileges.json`` in the output folder at each synth: a list with one entry per statement, such as

    {"who": "portal/portal/role", "sid": "ReadUploads", "actions": ["s3:GetObject"],
     "resources": ["storage/videos/bucket.arn/uploads/*"], "conditions": {}}

References are shown as paths of constructs, including references to other stacks. To print the report:

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
    """Permissions of one statement.

    Args:
        who: path of the role.
        sid: id of the statement.
        actions: allowed actions; a managed policy is shown as its ARN.
        resources: resources of the actions.
        conditions: IAM's condition block.
    """

    who: str
    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def privileges(stacks: template.Documents) -> list[Privilege]:
    """List every statement that allows something to a role of these stacks, by role."""
    resolver = _ReferenceResolver(stacks)
    permissions = [
        privilege for stack, document in stacks.items() for privilege in _stack_privileges(stack, document, resolver)
    ]
    return sorted(permissions, key=lambda privilege: (privilege.who, privilege.sid))


def _stack_privileges(stack: str, document: Mapping[str, Any], resolver: _ReferenceResolver) -> Iterator[Privilege]:
    for resource in template.resources(document):
        if resource.kind == "aws_iam_role_policy":
            statements = json.loads(resource.properties["policy"])["Statement"]
            role = resolver.resolve(stack, resource.properties["role"])
        elif resource.kind in _ATTACHED:
            role = resolver.resolve(stack, resource.properties["role"])
            yield Privilege(
                who=_without_attribute(role), sid="", actions=(resource.properties["policy_arn"],), resources=("*",)
            )
            continue
        else:
            continue
        for statement in statements:
            if statement["Effect"] == "Allow":
                yield Privilege(
                    who=_without_attribute(role),
                    sid=statement.get("Sid", ""),
                    actions=tuple(_as_list(statement["Action"])),
                    resources=tuple(resolver.resolve(stack, each) for each in _as_list(statement["Resource"])),
                    conditions=statement.get("Condition", {}),
                )


class _ReferenceResolver:
    """Replace references with paths of constructs."""

    def __init__(self, stacks: template.Documents) -> None:
        self._stacks = stacks
        self._paths = {
            (stack, resource.address): resource.path
            for stack, document in stacks.items()
            for resource in template.resources(document)
        }

    def resolve(self, stack: str, text: str) -> str:
        """Replace the references in a text; an unknown reference stays unchanged."""
        return _REFERENCE.sub(lambda match: self._follow(stack, match), text)

    def _follow(self, stack: str, match: re.Match[str]) -> str:
        remote = _REMOTE.fullmatch(match[1])
        if remote:
            output = self._stacks.get(remote[1], {}).get("output", {}).get(remote[2])
            return self.resolve(remote[1], str(output["value"])) if output else match[0]
        kind, _, rest = match[1].partition(".")
        name, _, attribute = rest.partition(".")
        path = self._paths.get((stack, f"{kind}.{name}"))
        return f"{path}.{attribute}" if path else match[0]


def _without_attribute(reference: str) -> str:
    """Remove the attribute from a reference to a role."""
    return reference.rpartition(".")[0] or reference


def _as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def render(permissions: list[Privilege]) -> str:
    """Render the report: each role with its actions and resources."""
    lines: list[str] = []
    for index, each in enumerate(permissions):
        if index == 0 or permissions[index - 1].who != each.who:
            lines.append(f"{each.who} may")
        condition = f"  when {json.dumps(each.conditions, sort_keys=True)}" if each.conditions else ""
        lines.append(f"  {', '.join(each.actions)}")
        lines += [f"      on {resource}{condition}" for resource in each.resources]
    return "\n".join(lines) or "No role of these stacks has permissions."


def write(folder: pathlib.Path) -> None:
    """Write ``privileges.json`` into an output folder such as ``cdktf.out``."""
    entries = [dataclasses.asdict(each) for each in privileges(template.read(folder))]
    (folder / FILE).write_text(f"{json.dumps(entries, indent=2)}\n", encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Print the report of an output folder, by default ``cdktf.out``."""
    folder = pathlib.Path(arguments[0] if arguments else "cdktf.out")
    if not (folder / "manifest.json").is_file():
        print(f"{folder} has no manifest.json. Fix: run cdktf synth.", file=sys.stderr)  # noqa: T201
        return 1
    print(render(privileges(template.read(folder))))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
