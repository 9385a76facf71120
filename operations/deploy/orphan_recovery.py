"""Find resources that an interrupted deployment created without recording them in the state.

Terraform records a resource after it has created it. If it is killed before that, as by a power cut, the resource
becomes an orphan and its name is taken on the next deployment. If it is stopped, its provider abandons pending
operations: the resource becomes an orphan too, or is marked as tainted and would be replaced, even a database that was
just created. Terraform's output shows which creations were started and which were abandoned.
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
"""Creates a boto3 client for a service."""

_ACCOUNT = re.compile(r"\$\{data\.aws_caller_identity\.[\w-]+\.account_id\}")

_NAME_ARGUMENTS = {
    "aws_autoscaling_group": "name",
    "aws_cloudwatch_log_group": "name",
    "aws_db_instance": "identifier",
    "aws_lambda_function": "function_name",
    "aws_lb": "name",
    "aws_lb_target_group": "name",
    "aws_s3_bucket": "bucket",
    "aws_sqs_queue": "name",
}
"""Types that can be found by a name from the configuration, and the argument that holds it."""

_BILLED = {"aws_eip": "an Elastic IP address", "aws_nat_gateway": "a NAT gateway"}
"""Types that cannot be found by name and are billed while they exist."""


@dataclass(frozen=True, kw_only=True)
class Orphan:
    """A resource that may exist without being in the state.

    Args:
        stack: Name of its stack.
        address: Terraform address.
        kind: Terraform type.
        path: Construct path.
        name: Name to find it by; empty if it has none.
    """

    stack: str
    address: str
    kind: str
    path: str
    name: str = ""

    @property
    def warning(self) -> str:
        """Warning about a billed resource that cannot be found by name; else empty."""
        if self.kind not in _BILLED:
            return ""
        return (
            f"{self.path}: {_BILLED[self.kind]} may be left over and is billed. Look for a second one with the tags of "
            "this environment."
        )


def unfinished_creations(output: str) -> list[str]:
    """Addresses whose creation was started but not finished, or abandoned.

    Args:
        output: Output of ``terraform apply -json``.
    """
    started: dict[str, None] = {}
    canceled = _canceled(output)
    for event in map(read_event, output.splitlines()):
        if isinstance(event, ResourceEvent) and event.action == "create":
            if event.stage == "started":
                started[event.address] = None
            elif event.stage == "done" or (event.stage == "failed" and event.address not in canceled):
                started.pop(event.address, None)
    return list(started)


def _canceled(output: str) -> frozenset[str]:
    """Addresses that the provider stopped waiting for because it was stopped."""

    def is_cancellation(error: Diagnostic) -> bool:
        return "context canceled" in f"{error.summary} {error.detail}"

    return frozenset(error.address for error in diagnostics(output) if is_cancellation(error))


def tainted_by_cancellation(state: TerraformState, output: str) -> list[str]:
    """Addresses that are tainted only because Terraform was stopped while waiting for them.

    Args:
        state: State of the stack.
        output: Output of its last ``terraform apply -json``.
    """
    return sorted(state.tainted & _canceled(output))


def find_orphans(stack: StackNode, state: TerraformState, output: str, account: str) -> Iterator[Orphan]:
    """Yield the resources of a stack that may exist without being in its state.

    Args:
        stack: The stack.
        state: Its state.
        output: Output of its last ``terraform apply -json``.
        account: AWS account number, which is part of some names.
    """
    recorded = {f"{kind}.{name}" for kind, name, _ in state.resources}
    configured = {resource.address: resource for resource in template.resources(stack.document)}
    for address in unfinished_creations(output):
        if address in configured and address not in recorded:
            resource = configured[address]
            yield Orphan(
                stack=stack.name,
                address=address,
                kind=resource.kind,
                path=resource.path,
                name=_name(resource.kind, resource.properties, account),
            )


def _name(kind: str, properties: Mapping[str, Any], account: str) -> str:
    text = str(properties.get(_NAME_ARGUMENTS.get(kind, "")) or "")
    name = _ACCOUNT.sub(account, text)
    return "" if "${" in name else name


def import_id(orphan: Orphan, client: Client) -> str:
    """The id that ``terraform import`` needs; empty if the resource does not exist.

    Args:
        orphan: A resource with a name.
        client: Creates clients for the target account.
    """
    try:
        if orphan.kind == "aws_lb":
            balancers = client("elbv2").describe_load_balancers(Names=[orphan.name])["LoadBalancers"]
            return str(balancers[0]["LoadBalancerArn"])
        if orphan.kind == "aws_lb_target_group":
            return str(client("elbv2").describe_target_groups(Names=[orphan.name])["TargetGroups"][0]["TargetGroupArn"])
        if orphan.kind == "aws_sqs_queue":
            return str(client("sqs").get_queue_url(QueueName=orphan.name)["QueueUrl"])
    except ClientError:
        return ""
    return orphan.name
