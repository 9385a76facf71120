"""Terraform's errors are explained with a fix, followed by Terraform's own text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from operations.deploy.events import Diagnostic, ResourceEvent, diagnostics, read_event
from operations.deploy.failures import explain

PATHS = {"aws_db_instance.it": "database/postgres"}


def explain_one(summary: str, detail: str = "", address: str = "aws_db_instance.it") -> str:
    return explain("database", [Diagnostic(summary=summary, detail=detail, address=address)], PATHS)


@pytest.mark.parametrize(
    ("summary", "message"),
    [
        (
            "creating RDS DB Instance (anb-postgres): DBInstanceAlreadyExists: DB instance already exists",
            "Name conflict: database/postgres already exists and is not in the state of database.",
        ),
        (
            "creating EC2 EIP: AddressLimitExceeded: The maximum number of addresses has been reached.",
            "An account quota is exhausted: database/postgres of database exceeds it.",
        ),
        (
            "creating EC2 VPC: VpcLimitExceeded: The maximum number of VPCs has been reached.",
            "An account quota is exhausted",
        ),
        (
            "Retrieving AWS account details: validating provider credentials: InvalidClientTokenId",
            "AWS rejects the credentials.",
        ),
        ("creating IAM Role: AccessDenied: User is not authorized to perform: iam:CreateRole", "Permission denied"),
        ("Failed to query available provider packages", "Terraform cannot get the AWS provider."),
        ("Saved plan is stale", "database changed after it was planned."),
        ("Backend configuration changed", "The state location of database has changed."),
        (
            (
                "creating RDS DB Instance: FreeTierRestrictionError: The specified backup retention period exceeds the "
                "maximum available to free tier customers."
            ),
            "The account is on AWS's free plan, which does not allow database/postgres of database.",
        ),
        (
            (
                "creating RDS DB Instance: FreeTierRestrictionError: This instance size isn't available with free plan "
                "accounts."
            ),
            "docs/deploy.md lists them",
        ),
        (
            "creating Auto Scaling Group: The specified instance type is not eligible for Free Tier",
            "The account is on AWS's free plan",
        ),
        (
            (
                "deleting RDS DB Instance: DBSnapshotAlreadyExists: Cannot create the snapshot because a snapshot with "
                "the identifier a-final already exists"
            ),
            "The final snapshot of database/postgres of database has the name of an existing one.",
        ),
        (
            "deleting RDS DB Instance: Cannot delete protected DB Instance",
            "database/postgres of database has deletion protection.",
        ),
    ],
)
def test_known_error_is_explained(summary: str, message: str) -> None:
    text = explain_one(summary)
    assert message in text
    assert f"Terraform's error: {summary}" in text


def test_function_error_is_shown_without_its_stack_trace() -> None:
    message = 'anb-api-asg: version 2 is being rolled back (an "alarm"). Fix: deploy a corrected release.'
    trace = ['  File "/var/task/rollout_function.py", line 60, in handler']
    payload = json.dumps({"errorMessage": message, "errorType": "RolloutError", "stackTrace": trace})

    explained = explain_one(f"invoking Lambda Function (anb-portal-rollout): {payload}")

    assert explained == f"database, database/postgres: {message}"


def test_unknown_error_names_stack_and_resource() -> None:
    assert explain_one("Something odd", "Very odd.") == (
        "database, database/postgres: Terraform failed.\n  Terraform's error: Something odd Very odd."
    )
    assert explain_one("No resource", address="").startswith("database: Terraform failed.")


def test_repeated_error_is_explained_once() -> None:
    twice = [Diagnostic(summary="ExpiredToken", address=f"aws_vpc.{number}") for number in range(2)]
    assert explain("network", twice, {}).count("Terraform's error") == 1


def test_locked_state_names_the_owner_of_the_lock() -> None:
    detail = (
        "Error message: resource temporarily unavailable\nLock Info:\n"
        "  ID:        1234-5678\n  Path:      x.tfstate\n  Operation: OperationTypeApply\n"
        "  Who:       ana@desk\n  Version:   1.11.4\n  Created:   2026-01-02 03:04:05 UTC\n  Info:      \n"
    )
    text = explain_one("Error acquiring the state lock", detail, address="")
    assert text.startswith(
        "The state of database is locked by ana@desk since 2026-01-02 03:04:05 UTC: another deployment is running."
    )
    assert "`terraform force-unlock 1234-5678`" in text


def line(kind: str, **fields: Any) -> str:
    return json.dumps({"type": kind, **fields})


def hook(action: str, **more: Any) -> dict[str, Any]:
    return {"hook": {"resource": {"addr": "aws_vpc.it"}, "action": action, **more}}


def test_resource_events_are_parsed() -> None:
    started = ResourceEvent(address="aws_vpc.it", stage="started", action="create")
    assert read_event(line("apply_start", **hook("create"))) == started
    done = ResourceEvent(address="aws_vpc.it", stage="done", action="delete", seconds=7)
    assert read_event(line("apply_complete", **hook("delete", elapsed_seconds=7))) == done
    assert done.past_tense == "destroyed"


@pytest.mark.parametrize("text", ["", "panic: oh", "3", line("version"), line("apply_start", **hook("read"))])
def test_other_lines_are_ignored(text: str) -> None:
    assert read_event(text) is None


def test_diagnostics_are_errors_without_warnings() -> None:
    error = {"severity": "error", "summary": "Broken", "detail": "x", "address": "aws_vpc.it"}
    lines = [line("diagnostic", diagnostic=error)] * 2 + [
        line("diagnostic", diagnostic={**error, "severity": "warning"}),
        line("diagnostic", diagnostic={"severity": "error", "summary": "Bare"}),
    ]
    assert diagnostics("\n".join(lines)) == [
        Diagnostic(summary="Broken", detail="x", address="aws_vpc.it"),
        Diagnostic(summary="Bare"),
    ]
