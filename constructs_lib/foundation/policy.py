"""IAM policy documents, always written the same way so that Terraform sees no difference where there is none."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence


@dataclasses.dataclass(frozen=True)
class Statement:
    """What one statement of an identity's policy allows.

    Args:
        sid: letters and digits, says what it is for.
        actions: the API actions.
        resources: the ARNs they may touch.
        condition: IAM's condition block, when there is one.
    """

    sid: str
    actions: Sequence[str]
    resources: Sequence[str]
    condition: Mapping[str, Mapping[str, object]] | None = None

    def as_dict(self) -> dict[str, object]:
        """The statement as IAM's JSON has it."""
        statement: dict[str, object] = {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": sorted(self.actions),
            "Resource": sorted(self.resources),
        }
        if self.condition:
            statement["Condition"] = {operator: dict(keys) for operator, keys in self.condition.items()}
        return statement


def canonical(value: object) -> str:
    """JSON as AWS gives it back: compact, its keys in order."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def document(statements: Sequence[Mapping[str, object]]) -> str:
    """The policy document holding the statements, as canonical JSON."""
    return canonical({"Version": "2012-10-17", "Statement": list(statements)})


def trust(service: str, *, account: str | None = None) -> str:
    """The document that lets an AWS service assume a role.

    Args:
        service: such as ``ec2.amazonaws.com``.
        account: the account it must act for, where the service may act for any.
            https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    statement: dict[str, object] = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    if account is not None:
        statement["Condition"] = {"StringEquals": {"aws:SourceAccount": account}}
    return document([statement])


def deny_plain_http(actions: str, resources: Sequence[str]) -> dict[str, object]:
    """The statement of a resource's policy that refuses every request made without TLS."""
    return {
        "Sid": "DenyPlainHttp",
        "Effect": "Deny",
        "Principal": "*",
        "Action": actions,
        "Resource": list(resources),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
