"""IAM policy documents in a canonical form, so that Terraform plans no false changes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence


@dataclasses.dataclass(frozen=True)
class Statement:
    """A statement that allows something in an identity's policy.

    Args:
        sid: id of the statement, letters and digits.
        actions: the API actions.
        resources: ARNs of the resources.
        condition: IAM's condition block; none by default.
    """

    sid: str
    actions: Sequence[str]
    resources: Sequence[str]
    condition: Mapping[str, Mapping[str, object]] | None = None

    def as_dict(self) -> dict[str, object]:
        """Convert the statement to IAM's JSON form."""
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
    """Render JSON as AWS returns it: compact, with sorted keys."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def document(statements: Sequence[Mapping[str, object]]) -> str:
    """Render a policy document as canonical JSON."""
    return canonical({"Version": "2012-10-17", "Statement": list(statements)})


def trust(service: str, *, account: str | None = None) -> str:
    """Render the trust policy that lets an AWS service assume a role.

    Args:
        service: service principal, such as ``ec2.amazonaws.com``.
        account: account that the service must act for; any account by default.
            https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    statement: dict[str, object] = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    if account is not None:
        statement["Condition"] = {"StringEquals": {"aws:SourceAccount": account}}
    return document([statement])


def deny_plain_http(actions: str, resources: Sequence[str]) -> dict[str, object]:
    """Create the statement of a resource policy that denies requests without TLS."""
    return {
        "Sid": "DenyPlainHttp",
        "Effect": "Deny",
        "Principal": "*",
        "Action": actions,
        "Resource": list(resources),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
