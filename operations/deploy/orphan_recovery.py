"""What a deployment that was cut off had begun to make, and Terraform could not write down any more.

Terraform writes a resource into its state when it is made. Killed before that, as by a power cut, it leaves the
resource behind unknown, and the next deployment would find its name taken. Told to stop, its provider gives up what it
waits for: that is lost in the same way, or marked in the state as broken and would be replaced, a database just made
among it. Its output says what it had begun and what it gave up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from constructs_lib.foundation import template
from operations.deploy.events import Diagnostic, ResourceEvent, diagnostics, read_event
from operations.deploy.stack_graph import StackNode
from operations.deploy.states import TerraformState

Client = Callable[[str], Any]
"""Makes a boto3 client of a service."""

_ACCOUNT = re.compile(r"\$\{data\.aws_caller_identity\.[\w-]+\.account_id\}")

_NAMED_BY = {
    "aws_autoscaling_group": "name",
    "aws_cloudwatch_log_group": "name",
    "aws_db_instance": "identifier",
    "aws_lb": "name",
    "aws_lb_target_group": "name",
    "aws_s3_bucket": "bucket",
    "aws_sqs_queue": "name",
}
"""The types that are found again by a name of our choice, and the argument that gives it."""

_BILLED = {"aws_eip": "an elastic address", "aws_nat_gateway": "a NAT gateway"}
"""The types that nothing finds again, and that cost money as long as they stand."""


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A resource that may stand although the state does not know it.

    Args:
        stack: its stack.
        address: Terraform's.
        kind: Terraform's type.
        path: path of its construct.
        name: what it is found by; empty when nothing finds it.
    """

    stack: str
    address: str
    kind: str
    path: str
    name: str = ""

    @property
    def warning(self) -> str:
        """What people are told of one that nothing finds and that costs money; else empty."""
        if self.kind not in _BILLED:
            return ""
        return (
            f"{self.path}: {_BILLED[self.kind]} may have been left behind, which is billed. Look for a second one with "
            "the tags of this environment."
        )


def unfinished(output: str) -> list[str]:
    """The addresses whose creation an output of ``terraform apply -json`` begins and does not end, or gives up."""
    begun: dict[str, None] = {}
    given_up = _given_up(output)
    for event in map(read_event, output.splitlines()):
        if isinstance(event, ResourceEvent) and event.action == "create":
            if event.stage == "begins":
                begun[event.address] = None
            elif event.stage == "done" or (event.stage == "failed" and event.address not in given_up):
                begun.pop(event.address, None)
    return list(begun)


def _given_up(output: str) -> frozenset[str]:
    """The addresses that the provider stopped waiting for because it was told to stop."""

    def canceled(told: Diagnostic) -> bool:
        return "context canceled" in f"{told.summary} {told.detail}"

    return frozenset(told.address for told in diagnostics(output) if canceled(told))


def wrongly_tainted(state: TerraformState, output: str) -> list[str]:
    """The addresses that the state marks as broken although they were only not waited for.

    Args:
        state: of the stack.
        output: of its last ``terraform apply -json``.
    """
    return sorted(state.tainted & _given_up(output))


def left_behind(stack: StackNode, state: TerraformState, output: str, account: str) -> Iterator[Begun]:
    """What may stand of a stack although its state does not know it.

    Args:
        stack: the stack.
        state: its state.
        output: of its last ``terraform apply -json``.
        account: the account's number, which is part of names.
    """
    known = {f"{kind}.{name}" for kind, name, _ in state.resources}
    wanted = {each.address: each for each in template.resources(stack.document)}
    for address in unfinished(output):
        if address in wanted and address not in known:
            resource = wanted[address]
            yield Begun(
                stack=stack.name,
                address=address,
                kind=resource.kind,
                path=resource.path,
                name=_name(resource.kind, resource.properties, account),
            )


def _name(kind: str, properties: Mapping[str, Any], account: str) -> str:
    text = str(properties.get(_NAMED_BY.get(kind, "")) or "")
    named = _ACCOUNT.sub(account, text)
    return "" if "${" in named else named


def import_id(begun: Begun, client: Client) -> str:
    """What Terraform imports it by; empty when it does not stand.

    Args:
        begun: one with a name.
        client: of where it is.
    """
    try:
        if begun.kind == "aws_lb":
            found = client("elbv2").describe_load_balancers(Names=[begun.name])["LoadBalancers"]
            return str(found[0]["LoadBalancerArn"])
        if begun.kind == "aws_lb_target_group":
            return str(client("elbv2").describe_target_groups(Names=[begun.name])["TargetGroups"][0]["TargetGroupArn"])
        if begun.kind == "aws_sqs_queue":
            return str(client("sqs").get_queue_url(QueueName=begun.name)["QueueUrl"])
    except ClientError:
        return ""
    return begun.name
