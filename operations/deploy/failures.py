"""Terraform's errors as what went wrong and how to mend it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from operations.deploy.events import Diagnostic


@dataclass(frozen=True)
class _Known:
    """An error with a known remedy.

    Args:
        signs: what its text holds.
        meaning: in one sentence; ``{stack}`` and ``{what}`` are filled in.
    """

    signs: re.Pattern[str]
    meaning: str


_LOCK = re.compile(r"^\s*(ID|Who|Operation|Created):\s+(.+?)\s*$", re.MULTILINE)

_KNOWN = (
    _Known(
        re.compile(r"AlreadyExists|AlreadyOwnedByYou|EntityAlreadyExists|already exists|DuplicateLoadBalancerName"),
        "A name is taken: {what} is there already and is not in the state of {stack}. Remove it, take it over with "
        "`terraform import`, or choose another environment_name.",
    ),
    _Known(
        re.compile(r"LimitExceeded|QuotaExceeded|limit exceeded|VcpuLimit|maximum number of", re.IGNORECASE),
        "A quota of the account is reached, by {what} of {stack}. Ask AWS for more in Service Quotas, or remove what "
        "is not needed; ./anb doctor tells which quotas a deployment needs.",
    ),
    _Known(
        re.compile(
            r"InvalidClientTokenId|ExpiredToken|SignatureDoesNotMatch|UnrecognizedClient|AuthFailure|"
            r"No valid credential sources|failed to refresh cached credentials|validating provider credentials"
        ),
        "AWS does not take the credentials. Sign in again (aws configure, aws sso login) or choose others with "
        "AWS_PROFILE; ./anb doctor tells whose they are.",
    ),
    _Known(
        re.compile(r"AccessDenied|UnauthorizedOperation|not authorized to perform"),
        "The credentials may not do that, to {what} of {stack}. ./anb doctor tells which permissions are missing.",
    ),
    _Known(
        re.compile(r"Failed to query available provider packages|Could not retrieve the list of available versions"),
        "Terraform does not get the AWS provider. Without a way to registry.terraform.io, put it into a filesystem "
        "mirror; ./anb doctor tells where it is looked for.",
    ),
    _Known(
        re.compile(r"Saved plan is stale"),
        "Something else changed {stack} since it was planned. Run ./anb deploy again.",
    ),
    _Known(
        re.compile(r"Backend configuration changed|Backend initialization required"),
        "The state of {stack} is kept elsewhere now. Move it with `terraform init -migrate-state` in the stack's "
        "folder, or take the change of state_backend, state_bucket or state_directory back.",
    ),
    _Known(
        re.compile(r"[Cc]annot delete protected|DeletionProtection|deletion protection"),
        "{what} of {stack} is protected. Set protect_data = false, deploy that, and deploy again.",
    ),
)


def explain(stack: str, found: Sequence[Diagnostic], paths: dict[str, str]) -> str:
    """What went wrong in a stack, with Terraform's own words after ours.

    Args:
        stack: the stack's name.
        found: the errors; at least one.
        paths: the constructs' paths by address.
    """
    lines: list[str] = []
    for each in found:
        text = f"{each.summary}\n{each.detail}"
        what = paths.get(each.address, each.address) or "something"
        if "state lock" in text:
            lines.append(_locked(stack, text))
        else:
            known = next((known for known in _KNOWN if known.signs.search(text)), None)
            where = f"{stack}, {what}: " if each.address else f"{stack}: "
            lines.append(known.meaning.format(stack=stack, what=what) if known else f"{where}Terraform failed.")
        said = " ".join(text.split())
        lines.append(f"  Terraform says: {said[:600]}")
    # Each resource that fails for the same reason says it again.
    return "\n".join(dict.fromkeys(lines))


def _locked(stack: str, text: str) -> str:
    told = dict(_LOCK.findall(text))
    who = f" by {told['Who']}" if "Who" in told else ""
    since = f" since {told['Created']}" if "Created" in told else ""
    return (
        f"The state of {stack} is locked{who}{since}: another deployment is under way. Wait for it; if it is gone for "
        f"good, run `terraform force-unlock {told.get('ID', 'ID')}` in the stack's folder."
    )
