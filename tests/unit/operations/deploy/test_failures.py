"""Terraform's errors in words of the operator's, each with its mend; its own words follow."""

from __future__ import annotations

import json
from typing import Any

import pytest

from operations.deploy.events import Diagnostic, ResourceEvent, diagnostics, read_event
from operations.deploy.failures import explain

PATHS = {"aws_db_instance.it": "database/postgres"}


def explained(summary: str, detail: str = "", address: str = "aws_db_instance.it") -> str:
    return explain("database", [Diagnostic(summary=summary, detail=detail, address=address)], PATHS)


@pytest.mark.parametrize(
    ("summary", "meaning"),
    [
        (
            "creating RDS DB Instance (anb-postgres): DBInstanceAlreadyExists: DB instance already exists",
            "A name is taken: database/postgres is there already and is not in the state of database.",
        ),
        (
            "creating EC2 EIP: AddressLimitExceeded: The maximum number of addresses has been reached.",
            "A quota of the account is reached, by database/postgres of database.",
        ),
        (
            "creating EC2 VPC: VpcLimitExceeded: The maximum number of VPCs has been reached.",
            "A quota of the account is reached",
        ),
        (
            "Retrieving AWS account details: validating provider credentials: InvalidClientTokenId",
            "AWS does not take the credentials.",
        ),
        ("creating IAM Role: AccessDenied: User is not authorized to perform: iam:CreateRole", "may not do that"),
        ("Failed to query available provider packages", "Terraform does not get the AWS provider."),
        ("Saved plan is stale", "Something else changed database since it was planned."),
        ("Backend configuration changed", "The state of database is kept elsewhere now."),
        (
            "deleting RDS DB Instance: Cannot delete protected DB Instance",
            "database/postgres of database is protected.",
        ),
    ],
)
def test_a_known_error_says_how_to_mend_it(summary: str, meaning: str) -> None:
    told = explained(summary)
    assert meaning in told
    assert f"Terraform says: {summary}" in told


def test_an_unknown_error_says_where_it_is() -> None:
    assert explained("Something odd", "Very odd.") == (
        "database, database/postgres: Terraform failed.\n  Terraform says: Something odd Very odd."
    )
    assert explained("No resource", address="").startswith("database: Terraform failed.")


def test_the_same_error_is_told_once() -> None:
    twice = [Diagnostic(summary="ExpiredToken", address=f"aws_vpc.{number}") for number in range(2)]
    assert explain("network", twice, {}).count("Terraform says") == 1


def test_a_locked_state_says_who_holds_it() -> None:
    detail = (
        "Error message: resource temporarily unavailable\nLock Info:\n"
        "  ID:        1234-5678\n  Path:      x.tfstate\n  Operation: OperationTypeApply\n"
        "  Who:       ana@desk\n  Version:   1.11.4\n  Created:   2026-01-02 03:04:05 UTC\n  Info:      \n"
    )
    told = explained("Error acquiring the state lock", detail, address="")
    assert told.startswith(
        "The state of database is locked by ana@desk since 2026-01-02 03:04:05 UTC: another deployment is under way."
    )
    assert "`terraform force-unlock 1234-5678`" in told


def line(kind: str, **said: Any) -> str:
    return json.dumps({"type": kind, **said})


def hook(action: str, **more: Any) -> dict[str, Any]:
    return {"hook": {"resource": {"addr": "aws_vpc.it"}, "action": action, **more}}


def test_lines_of_the_output_are_read() -> None:
    begins = ResourceEvent(address="aws_vpc.it", stage="begins", action="create")
    assert read_event(line("apply_start", **hook("create"))) == begins
    done = ResourceEvent(address="aws_vpc.it", stage="done", action="delete", seconds=7)
    assert read_event(line("apply_complete", **hook("delete", elapsed_seconds=7))) == done
    assert done.done == "destroyed"


@pytest.mark.parametrize("text", ["", "panic: oh", "3", line("version"), line("apply_start", **hook("read"))])
def test_what_nobody_waits_for_is_nothing(text: str) -> None:
    assert read_event(text) is None


def test_errors_are_found_among_the_lines_and_warnings_are_not() -> None:
    error = {"severity": "error", "summary": "Broken", "detail": "x", "address": "aws_vpc.it"}
    lines = [line("diagnostic", diagnostic=error)] * 2 + [
        line("diagnostic", diagnostic={**error, "severity": "warning"}),
        line("diagnostic", diagnostic={"severity": "error", "summary": "Bare"}),
    ]
    assert diagnostics("\n".join(lines)) == [
        Diagnostic(summary="Broken", detail="x", address="aws_vpc.it"),
        Diagnostic(summary="Bare"),
    ]
