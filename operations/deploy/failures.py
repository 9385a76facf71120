"""Translate Terraform's errors into a cause and a fix."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from operations.deploy.events import Diagnostic


@dataclass(frozen=True)
class _KnownError:
    """An error with a known fix.

    Args:
        pattern: Matches the error's text.
        message: Cause and fix; ``{stack}`` and ``{resource}`` are filled in.
    """

    pattern: re.Pattern[str]
    message: str


_LOCK = re.compile(r"^\s*(ID|Who|Operation|Created):\s+(.+?)\s*$", re.MULTILINE)

_FUNCTION_ERROR = re.compile(r'invoking Lambda Function .*"errorMessage":\s*("(?:[^"\\]|\\.)*")', re.DOTALL)

_KNOWN_ERRORS = (
    _KnownError(
        # Before the quotas, whose words these errors may contain.
        re.compile(r"FreeTierRestrictionError|not eligible for Free Tier|free plan accounts", re.IGNORECASE),
        "The account is on AWS's free plan, which does not allow {resource} of {stack}. Upgrade the account to the "
        "paid plan (Billing, Account plan), or choose settings that the free plan allows: docs/deploy.md lists them. "
        "Then run ./anb deploy again.",
    ),
    _KnownError(
        re.compile(r"DBSnapshotAlreadyExists"),
        "The final snapshot of {resource} of {stack} has the name of an existing one. Copy or delete the existing one, "
        "or run ./anb destroy and delete the database without a final snapshot.",
    ),
    _KnownError(
        re.compile(r"AlreadyExists|AlreadyOwnedByYou|EntityAlreadyExists|already exists|DuplicateLoadBalancerName"),
        "Name conflict: {resource} already exists and is not in the state of {stack}. Remove it, import it with "
        "`terraform import`, or choose another environment_name.",
    ),
    _KnownError(
        re.compile(r"LimitExceeded|QuotaExceeded|limit exceeded|VcpuLimit|maximum number of", re.IGNORECASE),
        "An account quota is exhausted: {resource} of {stack} exceeds it. Request an increase in Service Quotas or "
        "remove unused resources; ./anb doctor lists the quotas a deployment needs.",
    ),
    _KnownError(
        re.compile(
            r"InvalidClientTokenId|ExpiredToken|SignatureDoesNotMatch|UnrecognizedClient|AuthFailure|"
            r"No valid credential sources|failed to refresh cached credentials|validating provider credentials"
        ),
        "AWS rejects the credentials. Sign in again (aws configure, aws sso login) or choose others with AWS_PROFILE; "
        "./anb doctor shows which identity they belong to.",
    ),
    _KnownError(
        re.compile(r"AccessDenied|UnauthorizedOperation|not authorized to perform"),
        "Permission denied for {resource} of {stack}. ./anb doctor lists the missing permissions.",
    ),
    _KnownError(
        re.compile(r"Failed to query available provider packages|Could not retrieve the list of available versions"),
        "Terraform cannot get the AWS provider. If registry.terraform.io is not reachable, put the provider into a "
        "filesystem mirror; ./anb doctor shows where it is expected.",
    ),
    _KnownError(
        re.compile(r"Saved plan is stale"),
        "{stack} changed after it was planned. Run ./anb deploy again.",
    ),
    _KnownError(
        re.compile(r"Backend configuration changed|Backend initialization required"),
        "The state location of {stack} has changed. Move the state with `terraform init -migrate-state` in the "
        "stack's folder, or revert the change of state_backend, state_bucket or state_directory.",
    ),
    _KnownError(
        re.compile(r"[Cc]annot delete protected|DeletionProtection|deletion protection"),
        "{resource} of {stack} has deletion protection. Set protect_data = false, deploy that change, and deploy "
        "again.",
    ),
)


def explain(stack: str, errors: Sequence[Diagnostic], paths: dict[str, str]) -> str:
    """Describe the errors of a stack, each followed by Terraform's own text.

    Args:
        stack: Name of the stack.
        errors: At least one error.
        paths: Construct paths by Terraform address.
    """
    lines: list[str] = []
    for error in errors:
        text = f"{error.summary}\n{error.detail}"
        resource = paths.get(error.address, error.address) or "a resource"
        function = _FUNCTION_ERROR.search(text)
        if function:
            # Its own message says what to do; Terraform's text adds the stack trace.
            lines.append(f"{stack}, {resource}: {json.loads(function[1])}")
            continue
        if "state lock" in text:
            lines.append(_explain_lock(stack, text))
        else:
            known = next((known for known in _KNOWN_ERRORS if known.pattern.search(text)), None)
            where = f"{stack}, {resource}: " if error.address else f"{stack}: "
            lines.append(known.message.format(stack=stack, resource=resource) if known else f"{where}Terraform failed.")
        lines.append(f"  Terraform's error: {' '.join(text.split())[:600]}")
    # Several resources may fail for the same reason.
    return "\n".join(dict.fromkeys(lines))


def _explain_lock(stack: str, text: str) -> str:
    lock = dict(_LOCK.findall(text))
    owner = f" by {lock['Who']}" if "Who" in lock else ""
    since = f" since {lock['Created']}" if "Created" in lock else ""
    return (
        f"The state of {stack} is locked{owner}{since}: another deployment is running. Wait for it; if it no longer "
        f"runs, run `terraform force-unlock {lock.get('ID', 'ID')}` in the stack's folder."
    )
