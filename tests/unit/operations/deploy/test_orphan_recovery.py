"""What a deployment that was killed had begun is found again by its name, or told of where it costs money."""

from __future__ import annotations

import json
from pathlib import Path

from operations.deploy.orphan_recovery import left_behind, unfinished, wrongly_tainted
from operations.deploy.stack_graph import StackNode
from operations.deploy.states import TerraformState


def output(*events: tuple[str, str], action: str = "create") -> str:
    """The lines of an apply, cut off in the middle of the last one."""
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
CUT = output(*(("apply_start", f"{kind}.it") for kind in ("aws_s3_bucket", "aws_nat_gateway", "aws_db_instance")))


def test_what_was_begun_and_neither_made_nor_refused_is_unfinished() -> None:
    events = [("apply_start", f"aws_vpc.{name}") for name in ("made", "refused", "cut")]
    text = output(*events, ("apply_complete", "aws_vpc.made"), ("apply_errored", "aws_vpc.refused"))
    assert unfinished(text) == ["aws_vpc.cut"]
    assert unfinished(output(("apply_start", "aws_vpc.cut"), action="delete")) == []


def canceled(address: str, summary: str = "creating it: context canceled") -> str:
    return json.dumps(
        {"type": "diagnostic", "diagnostic": {"severity": "error", "summary": summary, "address": address}}
    )


def test_what_the_provider_was_told_to_give_up_is_unfinished_too() -> None:
    events = output(("apply_start", "aws_vpc.a"), ("apply_errored", "aws_vpc.a"))
    assert unfinished(f"{canceled('aws_vpc.a')}\n{events}") == ["aws_vpc.a"]
    refused = canceled("aws_vpc.a", "creating it: AlreadyExists")
    assert unfinished(f"{refused}\n{events}") == [], "what stood before is somebody else's"


def test_what_was_given_up_is_not_broken_and_what_failed_is() -> None:
    state = TerraformState({}, (), frozenset({"aws_db_instance.given-up", "aws_db_instance.failed"}))
    text = "\n".join([canceled("aws_db_instance.given-up"), canceled("aws_db_instance.failed", "storage full")])
    assert wrongly_tainted(state, text) == ["aws_db_instance.given-up"]
    assert wrongly_tainted(TerraformState(), text) == []


def test_it_is_found_by_its_name_when_the_name_is_known() -> None:
    found = {each.kind: each.name for each in left_behind(STACK, TerraformState(), CUT, "123456789012")}
    assert found == {"aws_s3_bucket": "anb-videos-123456789012-x", "aws_nat_gateway": "", "aws_db_instance": ""}


def test_what_the_state_knows_was_written_after_all() -> None:
    state = TerraformState({}, (("aws_s3_bucket", "it", {}),))
    assert "aws_s3_bucket" not in [each.kind for each in left_behind(STACK, state, CUT, "1")]


def test_what_nothing_finds_and_costs_money_is_told() -> None:
    warnings = [each.warning for each in left_behind(STACK, TerraformState(), CUT, "1") if each.warning]
    (warning,) = warnings
    assert warning.startswith("it: a NAT gateway may have been left behind, which is billed. Look for a second one")
