"""Which stacks Terraform can plan before anything is applied, and what is said of the others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from operations.deploy.apply import reads_something_new
from operations.deploy.plan import Basis
from operations.deploy.planning import assemble, unread
from operations.deploy.stack_graph import StackNode, in_order, read_stacks, reads
from operations.deploy.states import TerraformState

VPC = ("aws_vpc", "it", {})


def stack(name: str, **reading: set[str]) -> StackNode:
    return StackNode(
        name=name,
        folder=Path("/nowhere"),
        document={"resource": {"aws_vpc": {"it": {}}}},
        after=tuple(reading),
        reads={each: frozenset(outputs) for each, outputs in reading.items()},
    )


NETWORK, PORTAL, ALARMS = stack("network"), stack("portal", network={"id"}), stack("alarms", portal={"arn"})
STAND = {
    "network": TerraformState({"id": "vpc-1"}, (VPC,)),
    "portal": TerraformState({"arn": "a"}, (VPC,)),
    "alarms": TerraformState({}, (VPC,)),
}


def shown(*outputs: str) -> dict[str, Any]:
    return {"resource_changes": [], "output_changes": {name: {"actions": ["update"]} for name in outputs}}


def test_nothing_follows_from_a_plan_that_changes_no_output() -> None:
    plan = assemble([NETWORK, PORTAL], STAND, {"network": shown(), "portal": shown()})
    assert [(part.basis, part.follows) for part in plan.stacks] == [(Basis.TERRAFORM, ())] * 2


def test_a_changed_output_makes_the_readers_follow_and_those_behind_them() -> None:
    plan = assemble([NETWORK, PORTAL, ALARMS], STAND, {name: shown() for name in STAND} | {"network": shown("id")})
    assert [part.follows for part in plan.stacks] == [(), ("network",), ("portal",)]


def test_an_output_that_nobody_reads_makes_nobody_follow() -> None:
    plan = assemble([NETWORK, PORTAL], STAND, {"network": shown("other"), "portal": shown()})
    assert plan.stacks[1].follows == ()


def test_before_the_first_deployment_what_cannot_be_planned_is_read_from_the_configuration() -> None:
    nothing = {"network": TerraformState(), "portal": TerraformState(), "alarms": TerraformState()}
    assert unread(NETWORK, nothing) == () and unread(PORTAL, nothing) == ("network",)
    plan = assemble([NETWORK, PORTAL, ALARMS], nothing, {"network": shown("id")})
    assert [part.basis for part in plan.stacks] == [Basis.TERRAFORM, Basis.CONFIGURATION, Basis.CONFIGURATION]


def test_a_stack_that_stands_and_reads_a_new_output_is_planned_later() -> None:
    states = {**STAND, "network": TerraformState({}, (VPC,))}
    plan = assemble([NETWORK, PORTAL], states, {"network": shown("id")})
    assert (plan.stacks[1].basis, plan.stacks[1].follows) == (Basis.LATER, ("network",))
    assert not plan.empty


def test_what_is_read_is_compared_after_each_stack() -> None:
    now = {**STAND, "network": TerraformState({"id": "vpc-2", "other": 1}, (VPC,))}
    assert reads_something_new(PORTAL, STAND, now)
    assert not reads_something_new(ALARMS, STAND, now)


def test_stacks_come_after_those_they_need() -> None:
    assert in_order({"portal": ("network", "queue"), "alarms": ("portal",), "queue": (), "network": ()}) == [
        "network",
        "queue",
        "portal",
        "alarms",
    ]


def test_stacks_are_read_from_what_was_synthesized(tmp_path: Path) -> None:
    reference = "${data.terraform_remote_state.cross-stack-reference-input-network.outputs.cross-stack-output-vpc-id}"
    documents = {"network": {}, "portal": {"resource": {"aws_lb": {"it": {"vpc": reference}}}}}
    manifest = {
        name: {
            "dependencies": ["network"] if name == "portal" else [],
            "synthesizedStackPath": f"stacks/{name}/cdk.tf.json",
            "workingDirectory": f"stacks/{name}",
        }
        for name in ("portal", "network")
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"stacks": manifest}))
    for name, document in documents.items():
        (tmp_path / "stacks" / name).mkdir(parents=True)
        (tmp_path / "stacks" / name / "cdk.tf.json").write_text(json.dumps(document))

    network, portal = read_stacks(tmp_path)

    assert (network.name, portal.name, portal.folder) == ("network", "portal", tmp_path / "stacks/portal")
    assert portal.reads == {"network": {"cross-stack-output-vpc-id"}} == reads(documents["portal"])
    with pytest.raises(FileNotFoundError):
        read_stacks(tmp_path / "nothing")
