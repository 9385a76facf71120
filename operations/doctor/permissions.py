"""Check of the IAM permissions that a deployment needs, by simulation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from constructs_lib.foundation import template
from operations.deploy.stack_graph import StackNode
from operations.doctor.account import CallerIdentity
from operations.doctor.actions import ACTIONS, ALWAYS, OPERATIONS
from operations.doctor.findings import DoctorFinding, ok, problem, warning
from operations.doctor.policy import CONDITIONS, PolicyScope, samples

_SUBJECT = "Permissions"
_BATCH_SIZE = 50
_SESSION = re.compile(r"arn:(aws[\w-]*):sts::(\d+):assumed-role/([^/]+)/")


def required_actions(stacks: Sequence[StackNode]) -> frozenset[str]:
    """The actions that Terraform needs for the stacks, and those of the commands."""
    kinds = {resource.kind for stack in stacks for resource in template.resources(stack.document)}
    return (ALWAYS | OPERATIONS).union(*(ACTIONS.get(kind, frozenset()) for kind in kinds))


def check_permissions(
    iam: Any, caller: CallerIdentity, actions: frozenset[str], scope: PolicyScope
) -> list[DoctorFinding]:
    """Simulate the actions for the caller, each for resources of the environment.

    Args:
        iam: boto3 client for IAM.
        caller: Identity of the credentials.
        actions: Actions to simulate.
        scope: The environment.
    """
    if caller.arn.endswith(":root"):
        return [warning(_SUBJECT, "the credentials are the root user's, which has every permission", "Use a role")]
    try:
        principal = _principal(iam, caller.arn)
        denied = {
            f"{result['EvalActionName']} ({result['EvalDecision']})"
            for batch, arns in _batches(actions, scope)
            for result in _simulate(iam, principal, batch, arns)
            if result["EvalDecision"] != "allowed"
        }
    except (ClientError, BotoCoreError) as error:
        fix = "Grant iam:SimulatePrincipalPolicy for this check; the deployment works without it"
        return [warning(_SUBJECT, f"they cannot be simulated: {_code(error)}", fix)]
    if denied:
        fix = f"Add them to the policies of {principal}; ./anb doctor --policy prints a policy with all of them"
        return [problem(_SUBJECT, f"{len(denied)} of {len(actions)} are missing: {', '.join(sorted(denied))}", fix)]
    return [ok(_SUBJECT, f"all {len(actions)} that a deployment needs, simulated for {principal}")]


def _principal(iam: Any, arn: str) -> str:
    """ARN of the role behind a session (the session's ARN lacks the role's path), else the given ARN."""
    session = _SESSION.match(arn)
    return str(iam.get_role(RoleName=session[3])["Role"]["Arn"]) if session else arn


def _batches(actions: frozenset[str], scope: PolicyScope) -> Iterator[tuple[list[str], tuple[str, ...]]]:
    by_resources: dict[tuple[str, ...], list[str]] = {}
    for action in sorted(actions):
        # Each condition needs a context of its own.
        key = (*samples(action, scope), *([action] if action in CONDITIONS else []))
        by_resources.setdefault(key, []).append(action)
    for named in by_resources.values():
        for start in range(0, len(named), _BATCH_SIZE):
            yield named[start : start + _BATCH_SIZE], samples(named[0], scope)


def _simulate(iam: Any, principal: str, actions: list[str], arns: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    context = [
        {"ContextKeyName": key, "ContextKeyValues": values[:1], "ContextKeyType": "string"}
        for operator in CONDITIONS.get(actions[0], {}).values()
        for key, values in operator.items()
    ]
    pages = iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=principal, ActionNames=actions, ResourceArns=list(arns), ContextEntries=context
    )
    for page in pages:
        yield from page["EvaluationResults"]


def _code(error: ClientError | BotoCoreError) -> str:
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else str(error)
