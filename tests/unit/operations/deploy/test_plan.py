"""Terraform's plan as a structure: what is done, what changes and why, and what would lose data."""

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
def test_each_action_has_its_name(actions: list[str], action: Action) -> None:
    (change,) = from_terraform(DATABASE, {"resource_changes": [entry(actions)]}).changes
    assert (change.action, change.path) == (action, "database/postgres/instance")


def test_what_is_only_read_or_stays_is_no_change() -> None:
    shown = {"resource_changes": [entry(["no-op"]), entry(["read"]), {**entry(["create"]), "mode": "data"}]}
    part = from_terraform(DATABASE, shown)
    assert (part.changes, part.applies, Plan((part,)).empty) == ((), False, True)


def test_outputs_alone_are_applied_too() -> None:
    part = from_terraform(DATABASE, {"resource_changes": [], "applyable": True})
    assert part.applies and not Plan((part,)).empty


def test_the_changed_attributes_are_told_and_why_it_is_replaced() -> None:
    change = entry(
        ["delete", "create"],
        before={"identifier": "anb-postgres", "username": "postgres", "port": 5432, "arn": "arn:old"},
        after={"identifier": "anb-postgres", "username": "somebody", "port": 5432},
        after_unknown={"arn": True},
        replace_paths=[["username"]],
    )
    (found,) = from_terraform(DATABASE, {"resource_changes": [change]}).changes
    assert found.details == (Detail(attribute="username", before="postgres", after="somebody", forces=True),)
    assert found.described == "the database anb-postgres"
    assert found.loses_data


def test_what_is_known_only_when_applied_is_told_of_a_change() -> None:
    change = entry(["update"], before={"latest_version": 1}, after={}, after_unknown={"latest_version": True})
    (found,) = from_terraform(DATABASE, {"resource_changes": [change]}).changes
    assert found.details == (Detail(attribute="latest_version", before="1", after="(known when applied)"),)


def test_a_secret_is_never_shown_however_deep_it_is() -> None:
    change = entry(
        ["update"],
        before={"password": "old-secret", "parameter": [{"value": "old-secret"}], "tags": {"a": "1"}},
        after={"password": "new-secret", "parameter": [{"value": "new-secret"}], "tags": {"a": "2"}},
        before_sensitive={"password": True, "parameter": [{"value": True}], "tags": {}},
        after_sensitive=False,
    )
    (found,) = from_terraform(DATABASE, {"resource_changes": [change]}).changes
    told = {detail.attribute: (detail.before, detail.after) for detail in found.details}
    hidden = ("(sensitive)", "(sensitive)")
    assert told == {"password": hidden, "parameter": hidden, "tags.a": ("1", "2")}


def test_a_structure_is_told_by_the_places_that_differ() -> None:
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
    (found,) = from_terraform(DATABASE, {"resource_changes": [change]}).changes
    assert [(each.attribute, each.before, each.after) for each in found.details] == [
        ("policy.Statement.Action", "s3:GetObject", "s3:PutObject"),
        ("template.version", "1", "2"),
        ("words", "the same", "written otherwise"),
    ]


def test_of_many_places_the_first_are_told_and_the_others_counted() -> None:
    change = entry(["update"], before={"many": list(range(20))}, after={"many": list(range(100, 120))})
    (found,) = from_terraform(DATABASE, {"resource_changes": [change]}).changes
    assert (len(found.details), found.details[-1].after) == (9, "12 places more")


def test_a_long_value_is_cut() -> None:
    change = entry(["update"], before={"user_data": "x" * 5000}, after={"user_data": "y" * 5000})
    (found,) = from_terraform(DATABASE, {"resource_changes": [change]}).changes
    assert len(found.details[0].after) == 60 and found.details[0].after.endswith("…")


@pytest.mark.parametrize("kind", ["aws_db_instance", "aws_s3_bucket", "aws_sqs_queue", "aws_cloudwatch_log_group"])
@pytest.mark.parametrize("actions", [["delete"], ["delete", "create"]])
def test_what_holds_data_loses_it_when_it_is_destroyed_or_replaced(kind: str, actions: list[str]) -> None:
    (found,) = from_terraform(DATABASE, {"resource_changes": [entry(actions, kind)]}).changes
    assert found.loses_data


def test_nothing_else_does() -> None:
    entries = [entry(["update"]), entry(["create"]), entry(["delete"], "aws_launch_template")]
    part = from_terraform(DATABASE, {"resource_changes": entries})
    assert Plan((part,)).losses == []


@pytest.mark.parametrize("guard", ["deletion_protection", "enable_deletion_protection"])
def test_what_aws_refuses_to_delete_is_known_beforehand(guard: str) -> None:
    entries = [entry(["delete"], before={guard: True}), entry(["update"], before={guard: True}, after={guard: False})]
    deleted, changed = from_terraform(DATABASE, {"resource_changes": entries}).changes
    assert (deleted.guarded, changed.guarded) == (True, False)


def test_a_stack_that_was_never_applied_is_created_whole() -> None:
    part = from_configuration(DATABASE)
    assert (part.basis, [change.action for change in part.changes]) == (Basis.CONFIGURATION, [Action.CREATE])
    assert part.applies


def test_changed_outputs_are_those_terraform_names() -> None:
    shown = {"output_changes": {"a": {"actions": ["no-op"]}, "b": {"actions": ["update"]}}}
    assert changed_outputs(shown) == {"b"}
