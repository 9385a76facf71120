"""SecurityAspect: a finding fails the synth unless a waiver explains it."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from scenes import web_service

from constructs_lib import Queue, SecurityAspect, waive
from constructs_lib.foundation import cdk
from constructs_lib.foundation.cdk import TerraformStack
from constructs_lib.governance.security_aspect import RULES, findings
from constructs_lib.testing import synth
from workspace import paths

Written = Callable[..., dict[str, dict[str, Any]]]
HOUR = timedelta(hours=1)


def open_database(stack: TerraformStack) -> Any:
    cdk.Aspects.of(stack).add(SecurityAspect())
    return cdk.aws.db_instance.DbInstance(
        stack,
        "database",
        instance_class="db.t4g.micro",
        storage_encrypted=True,
        backup_retention_period=7,
        publicly_accessible=True,
    )


def test_finding_fails_the_synth(written: Written) -> None:
    message = (
        r"\[shop/database\] is a database with a public address; must be private \(public-database\)\. Fix: "
        r"set publicly_accessible to false, or record the reason with waive\(\)"
    )
    with pytest.raises(RuntimeError, match=message):
        written(shop=open_database)


@pytest.mark.parametrize("explains", ["public-database", "CKV_AWS_17"])
def test_waiver_accepts_the_finding(written: Written, explains: str) -> None:
    def build(stack: TerraformStack) -> None:
        waive(open_database(stack), "has a public address", reason="a test server", explains=[explains])

    assert written(shop=build)["shop"]["resource"]["aws_db_instance"]


def test_waiver_for_another_rule_or_construct_does_not(written: Written) -> None:
    def build(stack: TerraformStack) -> None:
        waive(open_database(stack), "is small", reason="a test server", explains=["CKV_AWS_16"])
        queue = Queue(stack, "orders", name="orders", max_job=HOUR)
        waive(queue, "is public", reason="a test", explains=["public-database"])

    with pytest.raises(RuntimeError, match="public-database"):
        written(shop=build)


def test_library_constructs_pass_only_with_their_waivers(written: Written, software: pathlib.Path) -> None:
    document = written(shop=lambda stack: web_service(stack, software))["shop"]

    assert findings(document) == []
    del document["output"]["waivers"]
    assert {finding.rule.id for finding in findings(document)} == {
        "open-security-group",
        "plain-http",
        "unlogged-balancer",
        "unlogged-network",
    }


def test_safe_constructs_have_no_findings() -> None:
    assert findings(synth(lambda stack: Queue(stack, "orders", name="orders", max_job=HOUR)).document) == []


def test_rule_ids_are_unique() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)


def test_page_lists_every_rule() -> None:
    page = (paths.ROOT / "docs/security-rules.md").read_text()

    rows = [f"| `{rule.id}` | {rule.allowed} | {rule.fix} | {', '.join(rule.checkov)} |" for rule in RULES]
    assert [line for line in page.splitlines() if line.startswith("| `")] == rows
