"""Parsing of Terraform's plan: actions, changed attributes and data losses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from operations.deploy.plan import Action, Basis, Detail, Plan, changed_outputs, from_configuration, from_terraform
from operations.deploy.stack_graph import StackNode


def stack(name: str = "database", **resources: dict[str, Any]) -> StackNode:
    return StackNode(name=name, folder=Path("/nowhere"), document={"resource": resources})


def entry(actions: list[str], kind: str = "aws_db_instance", **change: Any) -> dict[str, Any]:
    return {"address": f"{kind}.it", "mode": "managed", "type": kind, "change": {"actions": actions, **change}}


DATABASE = stack(aws_db_instance={"it": {"//": {"metadata": {"path": "database/postgres/instance"}}}})


@pytest.mark.parametrize(
    ("actions", "action"),
    [
        (["create"], Action.CREATE),
        (["update"], Action.CHANGE),
        (["delete"], Action.DESTROY),
        (["delete", "create"], Action.REPLACE),
        (["create", "delete"], Action.REPLACE),
        (["forget"], Action.FORGET),
    ],
)
def test_terraform_actions_are_mapped(actions: list[str], action: Action) -> None:
    (change,) = from_terraform(DATABASE, {"resource_changes": [entry(actions)]}).changes
    assert (change.action, change.path) == (action, "database/postgres/instance")


def test_no_op_and_data_source_are_no_changes() -> None:
    plan_json = {"resource_changes": [entry(["no-op"]), entry(["read"]), {**entry(["create"]), "mode": "data"}]}
    stack_plan = from_terraform(DATABASE, plan_json)
    assert (stack_plan.changes, stack_plan.applyable, Plan((stack_plan,)).empty) == ((), False, True)


def test_output_changes_alone_are_applyable() -> None:
    stack_plan = from_terraform(DATABASE, {"resource_changes": [], "applyable": True})
    assert stack_plan.applyable and not Plan((stack_plan,)).empty


def test_replacement_lists_the_forcing_attribute() -> None:
    change = entry(
        ["delete", "create"],
        before={"identifier": "anb-postgres", "username": "postgres", "port": 5432, "arn": "arn:old"},
        after={"identifier": "anb-postgres", "username": "other", "port": 5432},
        after_unknown={"arn": True},
        replace_paths=[["username"]],
    )
    (planned,) = from_terraform(DATABASE, {"resource_changes": [change]}).changes
    assert planned.details == (Detail(attribute="username", before="postgres", after="other", forces_replacement=True),)
    assert planned.description == "the database anb-postgres"
    assert planned.loses_data


def test_unknown_values_of_a_change_are_listed() -> None:
    change = entry(["update"], before={"latest_version": 1}, after={}, after_unknown={"latest_version": True})
    (planned,) = from_terraform(DATABASE, {"resource_changes": [change]}).changes
    assert planned.details == (Detail(attribute="latest_version", before="1", after="(known after apply)"),)


def test_nested_sensitive_values_are_hidden() -> None:
    change = entry(
        ["update"],
        before={"password": "old-secret", "parameter": [{"value": "old-secret"}], "tags": {"a": "1"}},
        after={"password": "new-secret", "parameter": [{"value": "new-secret"}], "tags": {"a": "2"}},
        before_sensitive={"password": True, "parameter": [{"value": True}], "tags": {}},
        after_sensitive=False,
    )
    (planned,) = from_terraform(DATABASE, {"resource_changes": [change]}).changes
    details = {detail.attribute: (detail.before, detail.after) for detail in planned.details}
    hidden = ("(sensitive)", "(sensitive)")
    assert details == {"password": hidden, "parameter": hidden, "tags.a": ("1", "2")}


def test_json_and_blocks_are_compared_by_path() -> None:
    policy = '{"Statement": [{"Action": "s3:GetObject"}], "Version": "2012-10-17"}'
    change = entry(
        ["update"],
        before={"policy": policy, "template": [{"id": "lt-1", "version": "1"}], "words": '{"a":1}'},
        after={
            "policy": policy.replace("Get", "Put"),
            "template": [{"id": "lt-1", "version": "2"}],
            "words": '{ "a": 1 }',
        },
    )
    (planned,) = from_terraform(DATABASE, {"resource_changes": [change]}).changes
    assert [(detail.attribute, detail.before, detail.after) for detail in planned.details] == [
        ("policy.Statement.Action", "s3:GetObject", "s3:PutObject"),
        ("template.version", "1", "2"),
        ("words", "same value", "different formatting"),
    ]


def test_many_differences_are_cut_and_counted() -> None:
    change = entry(["update"], before={"many": list(range(20))}, after={"many": list(range(100, 120))})
    (planned,) = from_terraform(DATABASE, {"resource_changes": [change]}).changes
    assert (len(planned.details), planned.details[-1].after) == (9, "12 more values")


def test_long_value_is_shortened() -> None:
    change = entry(["update"], before={"user_data": "x" * 5000}, after={"user_data": "y" * 5000})
    (planned,) = from_terraform(DATABASE, {"resource_changes": [change]}).changes
    assert len(planned.details[0].after) == 60 and planned.details[0].after.endswith("…")


@pytest.mark.parametrize("kind", ["aws_db_instance", "aws_s3_bucket", "aws_sqs_queue", "aws_cloudwatch_log_group"])
@pytest.mark.parametrize("actions", [["delete"], ["delete", "create"]])
def test_destroying_or_replacing_a_stateful_type_loses_data(kind: str, actions: list[str]) -> None:
    (planned,) = from_terraform(DATABASE, {"resource_changes": [entry(actions, kind)]}).changes
    assert planned.loses_data


def test_other_changes_lose_no_data() -> None:
    entries = [entry(["update"]), entry(["create"]), entry(["delete"], "aws_launch_template")]
    stack_plan = from_terraform(DATABASE, {"resource_changes": entries})
    assert Plan((stack_plan,)).losses == []


@pytest.mark.parametrize("attribute", ["deletion_protection", "enable_deletion_protection"])
def test_deletion_of_a_protected_resource_is_detected(attribute: str) -> None:
    protected = {attribute: True}
    entries = [entry(["delete"], before=protected), entry(["update"], before=protected, after={attribute: False})]
    deleted, changed = from_terraform(DATABASE, {"resource_changes": entries}).changes
    assert (deleted.protected, changed.protected) == (True, False)


def test_stack_never_applied_is_created_from_its_configuration() -> None:
    stack_plan = from_configuration(DATABASE)
    assert stack_plan.basis is Basis.CONFIGURATION
    assert [change.action for change in stack_plan.changes] == [Action.CREATE]
    assert stack_plan.applyable


def test_changed_outputs_exclude_no_ops() -> None:
    plan_json = {"output_changes": {"a": {"actions": ["no-op"]}, "b": {"actions": ["update"]}}}
    assert changed_outputs(plan_json) == {"b"}
