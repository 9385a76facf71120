"""Orphans of a killed deployment are found by name; billed ones without a name produce a warning."""

from __future__ import annotations

import json
from pathlib import Path

from operations.deploy.orphan_recovery import find_orphans, tainted_by_cancellation, unfinished_creations
from operations.deploy.stack_graph import StackNode
from operations.deploy.states import TerraformState


def output(*events: tuple[str, str], action: str = "create") -> str:
    """Output of an apply that ends in the middle of a line."""
    lines = [
        json.dumps({"type": kind, "hook": {"resource": {"addr": address}, "action": action, "elapsed_seconds": 1}})
        for kind, address in events
    ]
    return "\n".join([*lines, '{"type":"apply_com'])


STACK = StackNode(
    name="storage",
    folder=Path("/nowhere"),
    document={
        "resource": {
            "aws_s3_bucket": {"it": {"bucket": "anb-videos-${data.aws_caller_identity.aws-account.account_id}-x"}},
            "aws_nat_gateway": {"it": {"subnet_id": "${aws_subnet.it.id}"}},
            "aws_db_instance": {"it": {"identifier": "${aws_vpc.it.id}-database"}},
        }
    },
)
INTERRUPTED = output(
    *(("apply_start", f"{kind}.it") for kind in ("aws_s3_bucket", "aws_nat_gateway", "aws_db_instance"))
)


def test_started_creation_without_result_is_unfinished() -> None:
    events = [("apply_start", f"aws_vpc.{name}") for name in ("created", "failed", "cut")]
    text = output(*events, ("apply_complete", "aws_vpc.created"), ("apply_errored", "aws_vpc.failed"))
    assert unfinished_creations(text) == ["aws_vpc.cut"]
    assert unfinished_creations(output(("apply_start", "aws_vpc.cut"), action="delete")) == []


def canceled(address: str, summary: str = "creating it: context canceled") -> str:
    return json.dumps(
        {"type": "diagnostic", "diagnostic": {"severity": "error", "summary": summary, "address": address}}
    )


def test_canceled_creation_is_unfinished() -> None:
    events = output(("apply_start", "aws_vpc.a"), ("apply_errored", "aws_vpc.a"))
    assert unfinished_creations(f"{canceled('aws_vpc.a')}\n{events}") == ["aws_vpc.a"]
    conflict = canceled("aws_vpc.a", "creating it: AlreadyExists")
    assert unfinished_creations(f"{conflict}\n{events}") == [], "an existing resource is not an orphan of this stack"


def test_only_canceled_creations_are_untainted() -> None:
    state = TerraformState({}, (), frozenset({"aws_db_instance.canceled", "aws_db_instance.failed"}))
    text = "\n".join([canceled("aws_db_instance.canceled"), canceled("aws_db_instance.failed", "storage full")])
    assert tainted_by_cancellation(state, text) == ["aws_db_instance.canceled"]
    assert tainted_by_cancellation(TerraformState(), text) == []


def test_orphan_has_a_name_if_the_configuration_holds_it() -> None:
    orphans = find_orphans(STACK, TerraformState(), INTERRUPTED, "123456789012")
    assert {orphan.kind: orphan.name for orphan in orphans} == {
        "aws_s3_bucket": "anb-videos-123456789012-x",
        "aws_nat_gateway": "",
        "aws_db_instance": "",
    }


def test_resource_in_the_state_is_no_orphan() -> None:
    state = TerraformState({}, (("aws_s3_bucket", "it", {}),))
    assert "aws_s3_bucket" not in [orphan.kind for orphan in find_orphans(STACK, state, INTERRUPTED, "1")]


def test_billed_orphan_without_name_produces_a_warning() -> None:
    orphans = find_orphans(STACK, TerraformState(), INTERRUPTED, "1")
    (warning,) = [orphan.warning for orphan in orphans if orphan.warning]
    assert warning.startswith("it: a NAT gateway may be left over and is billed. Look for a second one")
