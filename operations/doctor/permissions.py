"""Check of the IAM permissions that a deployment needs, by simulation."""

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

_SUBJECT = "Permissions"
_BATCH_SIZE = 50
_SESSION = re.compile(r"arn:(aws[\w-]*):sts::(\d+):assumed-role/([^/]+)/")


def required_actions(stacks: Sequence[StackNode]) -> frozenset[str]:
    """The actions that Terraform needs for the stacks."""
    kinds = {resource.kind for stack in stacks for resource in template.resources(stack.document)}
    return ALWAYS.union(*(ACTIONS.get(kind, frozenset()) for kind in kinds))


def check_permissions(
    iam: Any, caller: CallerIdentity, actions: frozenset[str], resources: Mapping[str, str]
) -> list[DoctorFinding]:
    """Simulate the actions for the caller.

    Args:
        iam: boto3 client for IAM.
        caller: Identity of the credentials.
        actions: Actions to simulate.
        resources: Sample ARN by service, for policies that are limited to the environment's resources; actions of
            other services are simulated for "*".
    """
    if caller.arn.endswith(":root"):
        return [warning(_SUBJECT, "the credentials are the root user's, which has every permission", "Use a role")]
    try:
        principal = _principal(iam, caller.arn)
        denied = [
            f"{result['EvalActionName']} ({result['EvalDecision']})"
            for batch, resource in _batches(actions, resources)
            for result in _simulate(iam, principal, batch, resource)
            if result["EvalDecision"] != "allowed"
        ]
    except (ClientError, BotoCoreError) as error:
        fix = "Grant iam:SimulatePrincipalPolicy for this check; the deployment works without it"
        return [warning(_SUBJECT, f"they cannot be simulated: {_code(error)}", fix)]
    if denied:
        fix = f"Add them to the policies of {principal}"
        return [problem(_SUBJECT, f"{len(denied)} of {len(actions)} are missing: {', '.join(sorted(denied))}", fix)]
    return [ok(_SUBJECT, f"all {len(actions)} that Terraform needs, simulated for {principal}")]


def sample_resources(account: str, region: str, environment: str) -> dict[str, str]:
    """Sample ARN of the environment's resources, by service.

    Args:
        account: AWS account number.
        region: AWS region.
        environment: Prefix of the resource names.
    """
    return {
        "iam": f"arn:aws:iam::{account}:role/{environment}-role",
        "s3": f"arn:aws:s3:::{environment}-videos-{account}-{region}",
        "sqs": f"arn:aws:sqs:{region}:{account}:{environment}-video-processing",
    }


def _principal(iam: Any, arn: str) -> str:
    """ARN of the role behind a session (the session's ARN lacks the role's path), else the given ARN."""
    session = _SESSION.match(arn)
    return str(iam.get_role(RoleName=session[3])["Role"]["Arn"]) if session else arn


def _batches(actions: frozenset[str], resources: Mapping[str, str]) -> Iterator[tuple[list[str], str]]:
    by_resource: dict[str, list[str]] = {}
    for action in sorted(actions):
        by_resource.setdefault(resources.get(action.partition(":")[0], "*"), []).append(action)
    for resource, named in by_resource.items():
        for start in range(0, len(named), _BATCH_SIZE):
            yield named[start : start + _BATCH_SIZE], resource


def _simulate(iam: Any, principal: str, actions: list[str], resource: str) -> Iterator[dict[str, Any]]:
    pages = iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=principal, ActionNames=actions, ResourceArns=[resource]
    )
    for page in pages:
        yield from page["EvaluationResults"]


def _code(error: ClientError | BotoCoreError) -> str:
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else str(error)
