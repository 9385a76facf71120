"""Which permissions a deployment needs that the credentials do not have, as far as IAM can simulate it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from constructs_lib.foundation import template
from operations.deploy.stack_graph import StackNode
from operations.doctor.account import CallerIdentity
from operations.doctor.actions import ACTIONS, ALWAYS
from operations.doctor.findings import DoctorFinding, ok, problem, warning

_ABOUT = "Permissions"
_AT_ONCE = 50
_SESSION = re.compile(r"arn:(aws[\w-]*):sts::(\d+):assumed-role/([^/]+)/")


def wanted(stacks: Sequence[StackNode]) -> frozenset[str]:
    """The actions that Terraform calls for these stacks."""
    kinds = {resource.kind for stack in stacks for resource in template.resources(stack.document)}
    return ALWAYS.union(*(ACTIONS.get(kind, frozenset()) for kind in kinds))


def permissions(
    iam: Any, caller: CallerIdentity, actions: frozenset[str], resources: Mapping[str, str]
) -> list[DoctorFinding]:
    """Simulate the actions for the caller.

    Args:
        iam: boto3 client.
        caller: whose the credentials are.
        actions: to simulate.
        resources: by service, an ARN as its resources will have, for policies that name the environment's alone; the
            other services' actions are simulated for "*".
    """
    if caller.arn.endswith(":root"):
        return [warning(_ABOUT, "the credentials are the root user's, who may do everything", "Use a role instead")]
    try:
        principal = _principal(iam, caller.arn)
        denied = [
            f"{each['EvalActionName']} ({each['EvalDecision']})"
            for batch, resource in _batches(actions, resources)
            for each in _simulated(iam, principal, batch, resource)
            if each["EvalDecision"] != "allowed"
        ]
    except (ClientError, BotoCoreError) as error:
        mend = "Allow iam:SimulatePrincipalPolicy to know beforehand; the deployment works without it"
        return [warning(_ABOUT, f"they cannot be simulated: {_code(error)}", mend)]
    if denied:
        mend = f"Add them to the policies of {principal}"
        return [problem(_ABOUT, f"{len(denied)} of {len(actions)} are missing: {', '.join(sorted(denied))}", mend)]
    return [ok(_ABOUT, f"all {len(actions)} that Terraform needs, simulated for {principal}")]


def sample_resources(account: str, region: str, environment: str) -> dict[str, str]:
    """An ARN as the resources of an environment will have, by service.

    Args:
        account: its number.
        region: of the deployment.
        environment: prefix of all names.
    """
    return {
        "iam": f"arn:aws:iam::{account}:role/{environment}-role",
        "s3": f"arn:aws:s3:::{environment}-videos-{account}-{region}",
        "sqs": f"arn:aws:sqs:{region}:{account}:{environment}-video-processing",
    }


def _principal(iam: Any, arn: str) -> str:
    """The role behind a session, whose ARN has lost the role's path; anybody else as they are."""
    session = _SESSION.match(arn)
    return str(iam.get_role(RoleName=session[3])["Role"]["Arn"]) if session else arn


def _batches(actions: frozenset[str], resources: Mapping[str, str]) -> Iterator[tuple[list[str], str]]:
    by_resource: dict[str, list[str]] = {}
    for action in sorted(actions):
        by_resource.setdefault(resources.get(action.partition(":")[0], "*"), []).append(action)
    for resource, named in by_resource.items():
        for start in range(0, len(named), _AT_ONCE):
            yield named[start : start + _AT_ONCE], resource


def _simulated(iam: Any, principal: str, actions: list[str], resource: str) -> Iterator[dict[str, Any]]:
    pages = iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=principal, ActionNames=actions, ResourceArns=[resource]
    )
    for page in pages:
        yield from page["EvaluationResults"]


def _code(error: ClientError | BotoCoreError) -> str:
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else str(error)
