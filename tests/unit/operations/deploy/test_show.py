"""Rendering of the plan and its cost."""

from __future__ import annotations

from dataclasses import replace

from constructs_lib.governance.cost import Cost, estimate
from operations.deploy.plan import Action, Basis, Change, Detail, Plan, StackPlan
from operations.deploy.show import cost_line, plan_lines
from operations.deploy.states import parse_state

CREATED = Change(stack="network", address="aws_vpc.it", kind="aws_vpc", path="network/vpc", action=Action.CREATE)
REPLACED = Change(
    stack="database",
    address="aws_db_instance.it",
    kind="aws_db_instance",
    path="database/postgres",
    action=Action.REPLACE,
    name="anb-postgres",
    details=(Detail(attribute="username", before="a", after="b", forces_replacement=True),),
)


def lines(*stacks: StackPlan) -> list[str]:
    return [text.plain for text in plan_lines(Plan(stacks))]


def stack_plan(
    stack: str, *changes: Change, basis: Basis = Basis.TERRAFORM, replan_after: tuple[str, ...] = ()
) -> StackPlan:
    return StackPlan(stack=stack, basis=basis, changes=changes, applyable=bool(changes), replan_after=replan_after)


def test_changes_are_listed_with_their_attributes() -> None:
    assert lines(stack_plan("network", CREATED), stack_plan("database", REPLACED), stack_plan("queue")) == [
        "network   1 created",
        "  + created   network/vpc  aws_vpc",
        "database  1 replaced",
        "  ± replaced  database/postgres  aws_db_instance  anb-postgres",
        "      username: a -> b  (forces replacement)",
        "queue     no changes",
        "Total: 1 created, 1 replaced.",
        "Data loss: the database anb-postgres is replaced.",
    ]


def test_only_data_loss_is_bold_red() -> None:
    styles = {text.plain.strip(): str(text.style) for text in plan_lines(Plan((stack_plan("x", CREATED, REPLACED),)))}
    red = [plain for plain, style in styles.items() if style == "bold red"]
    assert red == [
        "± replaced  database/postgres  aws_db_instance  anb-postgres",
        "Data loss: the database anb-postgres is replaced.",
    ]


def test_new_stack_is_summarized_by_resource_type() -> None:
    subnets = [replace(CREATED, kind="aws_subnet", address=f"aws_subnet.{number}") for number in range(4)]
    new = stack_plan("network", CREATED, *subnets, basis=Basis.CONFIGURATION)
    assert lines(new)[0] == "network  5 created (first deployment): 4 aws_subnet, aws_vpc"


def test_replanned_and_deferred_stacks_name_their_inputs() -> None:
    again = stack_plan("portal", CREATED, replan_after=("network", "queue"))
    deferred = stack_plan("alarms", basis=Basis.DEFERRED, replan_after=("portal",))
    text = lines(again, deferred)
    assert text[0] == "portal  1 created; planned again after network and queue, whose outputs it reads"
    assert text[2] == "alarms  planned once portal is applied"


def test_output_changes_alone_are_shown() -> None:
    assert lines(replace(stack_plan("network"), applyable=True))[0] == "network  only outputs change"


def test_cost_line_shows_the_difference() -> None:
    before, after = {"a": Cost(10, 20)}, {"a": Cost(10, 30), "b": Cost(1.5, 1.5)}
    assert cost_line(before, after) == (
        "Estimated monthly cost before usage: $11.50 to $31.50 (now $10.00 to $20.00, change +1.50 to +11.50 dollars)."
    )
    assert cost_line(after, after) == "Estimated monthly cost before usage: $11.50 to $31.50 (unchanged)."
    unknown = {"a": Cost(unpriced=("db.x9",))}
    assert cost_line(unknown, unknown).endswith("(unchanged); not priced: db.x9.")


def test_state_and_configuration_have_the_same_cost() -> None:
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
    state = parse_state(pulled)
    costs = estimate({"was": state.document(), "is": configured})
    assert costs["was"] == costs["is"] and costs["was"].high > 0
    assert state.outputs == {"id": "vpc-1"}
    assert state.tainted == {"aws_autoscaling_group.it"}
    assert parse_state({}).empty and not state.empty


def test_null_outputs_are_ignored() -> None:
    """Terraform writes null outputs when it imports a resource before the others are created."""
    state = parse_state({"outputs": {"id": {"value": "vpc-1"}, "address": {"value": None}, "on": {"value": False}}})
    assert state.outputs == {"id": "vpc-1", "on": False}
