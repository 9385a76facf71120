"""Which stacks Terraform can plan before anything is applied, and how the others are planned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from operations.deploy.apply import inputs_changed
from operations.deploy.plan import Basis
from operations.deploy.planning import combine, missing_inputs
from operations.deploy.stack_graph import StackNode, find_inputs, read_stacks, sort_by_dependency
from operations.deploy.states import TerraformState

VPC = ("aws_vpc", "it", {})


def stack(name: str, **inputs: set[str]) -> StackNode:
    return StackNode(
        name=name,
        folder=Path("/nowhere"),
        document={"resource": {"aws_vpc": {"it": {}}}},
        dependencies=tuple(inputs),
        inputs={dependency: frozenset(outputs) for dependency, outputs in inputs.items()},
    )


NETWORK, PORTAL, ALARMS = stack("network"), stack("portal", network={"id"}), stack("alarms", portal={"arn"})
DEPLOYED = {
    "network": TerraformState({"id": "vpc-1"}, (VPC,)),
    "portal": TerraformState({"arn": "a"}, (VPC,)),
    "alarms": TerraformState({}, (VPC,)),
}


def plan_json(*outputs: str) -> dict[str, Any]:
    return {"resource_changes": [], "output_changes": {name: {"actions": ["update"]} for name in outputs}}


def test_without_output_changes_no_stack_is_planned_again() -> None:
    plan = combine([NETWORK, PORTAL], DEPLOYED, {"network": plan_json(), "portal": plan_json()})
    assert [(stack_plan.basis, stack_plan.replan_after) for stack_plan in plan.stacks] == [(Basis.TERRAFORM, ())] * 2


def test_changed_output_replans_direct_and_indirect_readers() -> None:
    plans = {name: plan_json() for name in DEPLOYED} | {"network": plan_json("id")}
    plan = combine([NETWORK, PORTAL, ALARMS], DEPLOYED, plans)
    assert [stack_plan.replan_after for stack_plan in plan.stacks] == [(), ("network",), ("portal",)]


def test_change_of_an_unread_output_replans_no_stack() -> None:
    plan = combine([NETWORK, PORTAL], DEPLOYED, {"network": plan_json("other"), "portal": plan_json()})
    assert plan.stacks[1].replan_after == ()


def test_first_plan_of_a_dependent_stack_uses_the_configuration() -> None:
    empty = {"network": TerraformState(), "portal": TerraformState(), "alarms": TerraformState()}
    assert missing_inputs(NETWORK, empty) == () and missing_inputs(PORTAL, empty) == ("network",)
    plan = combine([NETWORK, PORTAL, ALARMS], empty, {"network": plan_json("id")})
    bases = [stack_plan.basis for stack_plan in plan.stacks]
    assert bases == [Basis.TERRAFORM, Basis.CONFIGURATION, Basis.CONFIGURATION]


def test_deployed_stack_with_a_missing_input_is_deferred() -> None:
    states = {**DEPLOYED, "network": TerraformState({}, (VPC,))}
    plan = combine([NETWORK, PORTAL], states, {"network": plan_json("id")})
    assert (plan.stacks[1].basis, plan.stacks[1].replan_after) == (Basis.DEFERRED, ("network",))
    assert not plan.empty


def test_only_changes_of_read_outputs_change_the_inputs() -> None:
    now = {**DEPLOYED, "network": TerraformState({"id": "vpc-2", "other": 1}, (VPC,))}
    assert inputs_changed(PORTAL, DEPLOYED, now)
    assert not inputs_changed(ALARMS, DEPLOYED, now)


def test_stacks_follow_their_dependencies() -> None:
    assert sort_by_dependency({"portal": ("network", "queue"), "alarms": ("portal",), "queue": (), "network": ()}) == [
        "network",
        "queue",
        "portal",
        "alarms",
    ]


def test_stacks_are_read_from_the_output_folder(tmp_path: Path) -> None:
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
    assert portal.inputs == {"network": {"cross-stack-output-vpc-id"}} == find_inputs(documents["portal"])
    with pytest.raises(FileNotFoundError):
        read_stacks(tmp_path / "nothing")
