"""The plan and its cost as people read them."""

from __future__ import annotations

from dataclasses import replace

from constructs_lib.governance.cost import Cost, estimate
from operations.deploy.plan import Action, Basis, Change, Detail, Plan, StackPlan
from operations.deploy.show import cost_line, plan_lines
from operations.deploy.states import read_state

CREATED = Change(stack="network", address="aws_vpc.it", kind="aws_vpc", path="network/vpc", action=Action.CREATE)
REPLACED = Change(
    stack="database",
    address="aws_db_instance.it",
    kind="aws_db_instance",
    path="database/postgres",
    action=Action.REPLACE,
    name="anb-postgres",
    details=(Detail(attribute="username", before="a", after="b", forces=True),),
)


def lines(*stacks: StackPlan) -> list[str]:
    return [text.plain for text in plan_lines(Plan(stacks))]


def part(stack: str, *changes: Change, basis: Basis = Basis.TERRAFORM, follows: tuple[str, ...] = ()) -> StackPlan:
    return StackPlan(stack=stack, basis=basis, changes=changes, applies=bool(changes), follows=follows)


def test_each_change_is_a_line_with_its_attributes_under_it() -> None:
    assert lines(part("network", CREATED), part("database", REPLACED), part("queue")) == [
        "network   1 created",
        "  + created   network/vpc  aws_vpc",
        "database  1 replaced",
        "  ± replaced  database/postgres  aws_db_instance  anb-postgres",
        "      username: a -> b  (cannot be changed, so it is replaced)",
        "queue     nothing changes",
        "In all: 1 created, 1 replaced.",
        "What the database anb-postgres holds is lost: it is replaced.",
    ]


def test_what_loses_data_is_red_and_nothing_else_is() -> None:
    styles = {text.plain.strip(): str(text.style) for text in plan_lines(Plan((part("x", CREATED, REPLACED),)))}
    red = [plain for plain, style in styles.items() if style == "bold red"]
    assert red == [
        "± replaced  database/postgres  aws_db_instance  anb-postgres",
        "What the database anb-postgres holds is lost: it is replaced.",
    ]


def test_a_stack_that_is_made_whole_is_told_by_its_kinds() -> None:
    subnets = [replace(CREATED, kind="aws_subnet", address=f"aws_subnet.{number}") for number in range(4)]
    made = part("network", CREATED, *subnets, basis=Basis.CONFIGURATION)
    assert lines(made)[0] == "network  5 created, for it was never applied: 4 aws_subnet, aws_vpc"


def test_what_is_planned_again_says_after_which() -> None:
    again = part("portal", CREATED, follows=("network", "queue"))
    later = part("alarms", basis=Basis.LATER, follows=("portal",))
    told = lines(again, later)
    assert told[0] == "portal  1 created; planned again after network and queue, whose outputs it reads"
    assert told[2] == "alarms  planned once portal is applied"


def test_outputs_alone_are_told() -> None:
    assert lines(replace(part("network"), applies=True))[0] == "network  only outputs change"


def test_the_cost_is_told_with_its_difference() -> None:
    before, after = {"a": Cost(10, 20)}, {"a": Cost(10, 30), "b": Cost(1.5, 1.5)}
    assert cost_line(before, after) == (
        "A month before any use costs $11.50 to $31.50; now it is $10.00 to $20.00, so +1.50 to +11.50 dollars "
        "(an estimate)."
    )
    assert cost_line(after, after) == "A month before any use costs $11.50 to $31.50, as it does now (an estimate)."
    unknown = {"a": Cost(unpriced=("db.x9",))}
    assert cost_line(unknown, unknown).endswith("(an estimate); not counted: db.x9.")


def test_a_state_costs_what_its_configuration_does() -> None:
    pulled = {
        "outputs": {"id": {"value": "vpc-1"}},
        "resources": [
            {
                "mode": "managed",
                "type": "aws_launch_template",
                "name": "it",
                "instances": [
                    {
                        "attributes": {
                            "id": "lt-1",
                            "instance_type": "t3.small",
                            "block_device_mappings": [{"ebs": [{"volume_size": 30}]}],
                            "monitoring": [{"enabled": True}],
                            "key_name": None,
                        }
                    }
                ],
            },
            {
                "mode": "managed",
                "type": "aws_autoscaling_group",
                "name": "it",
                "instances": [
                    {
                        "status": "tainted",
                        "attributes": {"min_size": 1, "max_size": 3, "launch_template": [{"id": "lt-1"}]},
                    }
                ],
            },
            {
                "mode": "managed",
                "type": "aws_autoscaling_policy",
                "name": "it",
                "instances": [
                    {
                        "attributes": {
                            "target_tracking_configuration": [
                                {
                                    "customized_metric_specification": [
                                        {
                                            "metrics": [
                                                {"metric_stat": [{"stat": "Sum"}]},
                                                {"metric_stat": [{"stat": "Sum"}]},
                                            ]
                                        }
                                    ]
                                }
                            ]
                        }
                    }
                ],
            },
            {"mode": "data", "type": "aws_caller_identity", "name": "it", "instances": [{"attributes": {}}]},
        ],
    }
    configured = {
        "resource": {
            "aws_launch_template": {
                "it": {
                    "instance_type": "t3.small",
                    "block_device_mappings": [{"ebs": {"volume_size": 30}}],
                    "monitoring": {"enabled": True},
                }
            },
            "aws_autoscaling_group": {
                "it": {"min_size": 1, "max_size": 3, "launch_template": {"id": "${aws_launch_template.it.id}"}}
            },
            "aws_autoscaling_policy": {
                "it": {
                    "target_tracking_configuration": {
                        "customized_metric_specification": {
                            "metrics": [{"metric_stat": {"a": 1}}, {"metric_stat": {"b": 1}}]
                        }
                    }
                }
            },
        }
    }
    state = read_state(pulled)
    costs = estimate({"was": state.document(), "is": configured})
    assert costs["was"] == costs["is"] and costs["was"].high > 0
    assert state.outputs == {"id": "vpc-1"}
    assert state.tainted == {"aws_autoscaling_group.it"}
    assert read_state({}).empty and not state.empty


def test_output_that_is_null_is_not_there_yet() -> None:
    """Terraform writes it for a stack into whose state something was imported before the rest was created."""
    state = read_state({"outputs": {"id": {"value": "vpc-1"}, "address": {"value": None}, "on": {"value": False}}})
    assert state.outputs == {"id": "vpc-1", "on": False}
