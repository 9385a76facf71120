"""PostgresDatabase: private, encrypted, with a managed password, opened to one service at a time."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import pytest
from once import once
from scenes import network, warnings, web_service
from syrupy.assertion import SnapshotAssertion

from constructs_lib import ConstructError, PostgresDatabase, Stack
from constructs_lib.foundation import cdk
from constructs_lib.foundation.cdk import TerraformStack
from constructs_lib.foundation.waivers import registered
from constructs_lib.testing import Template, synth


def make(stack: TerraformStack, **changes: Any) -> PostgresDatabase:
    arguments = {"network": network(stack), "name": "shop-db", "database": "shop", "username": "keeper", **changes}
    return PostgresDatabase(stack, "database", **arguments)


@once
def database(**changes: Any) -> Template:
    return synth(lambda stack: make(stack, **changes))


@pytest.mark.snapshot
def test_protected(recorded: SnapshotAssertion) -> None:
    resources = database().readable()["resource"]
    kinds = ("aws_db_instance", "aws_db_parameter_group", "aws_db_subnet_group", "aws_security_group")
    assert {kind: resources[kind] for kind in kinds} == recorded


def test_rds_manages_the_password() -> None:
    instance = database().one("aws_db_instance")

    assert instance["manage_master_user_password"] is True
    assert "password" not in instance


def test_database_is_private_encrypted_and_requires_tls() -> None:
    template = database()

    instance = template.one("aws_db_instance")
    assert (instance["storage_encrypted"], instance["publicly_accessible"]) == (True, False)
    parameters = {each["name"]: each["value"] for each in template.one("aws_db_parameter_group")["parameter"]}
    assert parameters["rds.force_ssl"] == "1"


def test_log_groups_expire_and_are_created_first() -> None:
    template = database(log_days=90)

    groups = template.resources("aws_cloudwatch_log_group")
    assert {each["name"]: each["retention_in_days"] for each in groups.values()} == {
        "/aws/rds/instance/shop-db/postgresql": 90,
        "/aws/rds/instance/shop-db/upgrade": 90,
    }
    instance = template.one("aws_db_instance")
    assert instance["enabled_cloudwatch_logs_exports"] == ["postgresql", "upgrade"]
    assert sorted(instance["depends_on"]) == sorted(f"aws_cloudwatch_log_group.{name}" for name in groups)


@pytest.mark.parametrize("unprotected_reason", [None, "a test"])
def test_deleted_database_leaves_a_final_snapshot(unprotected_reason: str | None) -> None:
    instance = database(unprotected_reason=unprotected_reason).one("aws_db_instance")

    assert instance["deletion_protection"] is (unprotected_reason is None)
    assert (instance["skip_final_snapshot"], instance["delete_automated_backups"]) == (False, False)


def test_nothing_is_left_with_a_reason() -> None:
    instance = database(no_final_snapshot_reason="a test").one("aws_db_instance")

    assert instance["deletion_protection"] is True
    assert (instance["skip_final_snapshot"], instance["delete_automated_backups"]) == (True, True)


def test_final_snapshot_has_a_name_of_its_own_for_each_database() -> None:
    def name(**changes: Any) -> str:
        template = database(**changes)
        (group,) = template.resources("aws_db_subnet_group")
        identifier = str(template.one("aws_db_instance")["final_snapshot_identifier"])
        # Terraform creates the group's name with the database, from a prefix, the time and a counter.
        assert identifier.startswith(f"${{aws_db_subnet_group.{group}.name}}-")
        return identifier

    assert re.search(r"\}-[0-9a-f]{8}-final$", name())
    # A change of either makes Terraform replace the database alone.
    assert len({name(), name(database="store"), name(username="owner")}) == 3


def test_allow_from_opens_the_port_and_the_secret(software: pathlib.Path) -> None:
    def build(stack: TerraformStack) -> None:
        service = web_service(stack, software)
        PostgresDatabase(
            stack, "database", network=network_of(stack), name="shop-db", database="shop", username="keeper"
        ).allow_from(service)

    def network_of(stack: TerraformStack) -> Any:
        return stack.node.find_child("network")

    template = synth(build)

    (rule,) = template.matching("aws_vpc_security_group_ingress_rule", from_port=5432)
    assert "cidr_ipv4" not in rule
    assert rule["referenced_security_group_id"].startswith("${aws_security_group.web_")
    secrets = [each for each in template.policy("aws_iam_role_policy") if each["Sid"] == "ReadDatabaseSecret"]
    assert secrets[0]["Action"] == ["secretsmanager:GetSecretValue"]
    assert "master_user_secret[0].secret_arn" in secrets[0]["Resource"][0]


def test_environment_has_address_and_secret_but_no_password() -> None:
    def build(stack: TerraformStack) -> None:
        database = PostgresDatabase(
            stack, "database", network=network(stack), name="shop-db", database="shop", username="keeper"
        )
        for name, value in database.environment().items():
            cdk.TerraformOutput(stack, name, value=value)

    variables = synth(build).outputs()

    assert (variables["DATABASE_PORT"], variables["DATABASE_NAME"], variables["DATABASE_SSL_MODE"]) == (
        "5432",
        "shop",
        "verify-full",
    )
    assert variables["DATABASE_HOST"].endswith(".address}")
    assert variables["DATABASE_SECRET_ARN"].endswith(".secret_arn}")
    assert set(variables) >= {"DATABASE_HOST", "DATABASE_SECRET_ARN"} and "keeper" not in str(variables)


def test_services_share_the_connection_budget(software: pathlib.Path) -> None:
    def open_all(stack: TerraformStack, each: int) -> PostgresDatabase:
        service = web_service(stack, software)
        data = PostgresDatabase(stack, "database", network=stack.node.find_child("network"), max_connections=100)
        data.allow_from(service, connections=each)
        return data

    # 3 instances, 5 while they are replaced; PostgreSQL reserves 5 connections.
    synth(lambda stack: open_all(stack, 19))
    with pytest.raises(
        ConstructError,
        match=r"test/database: max_connections is 100; must be at least 105: "
        r"web takes 100 \(5 instances with 20 each\); 5 are reserved\. Fix: raise it",
    ):
        synth(lambda stack: open_all(stack, 20))


def test_weakened_defaults_have_waivers() -> None:
    template = database(
        single_zone_reason="a rehearsal",
        backup_days=0,
        short_backups_reason="a copy",
        unprotected_reason="thrown away",
        no_final_snapshot_reason="made again",
    )

    assert template.one("aws_db_instance")["multi_az"] is False
    assert [(each.weakened, each.reason) for each in registered(template.document) if each.path == "test/database"] == [
        ("has no standby in another zone", "a rehearsal"),
        ("keeps backups for less than 7 days", "a copy"),
        ("leaves no final snapshot", "made again"),
        ("may be deleted", "thrown away"),
    ]


def test_default_has_a_standby_in_another_zone() -> None:
    template = database()

    assert template.one("aws_db_instance")["multi_az"] is True
    assert not [each for each in registered(template.document) if each.path == "test/database"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "Shop"}, r"test/database: name is 'Shop'; .* accepts for a database instance"),
        ({"database": "my-shop"}, r"database is 'my-shop'"),
        ({"database": "db"}, r"database is 'db'; must be a name that neither PostgreSQL nor RDS reserves"),
        ({"username": "1keeper"}, r"username is '1keeper'"),
        ({"username": "admin"}, r"username is 'admin'; must be a name that neither PostgreSQL nor RDS reserves"),
        ({"version": 19}, r"version is 19; must be one of 11, 12, 13, 14, 15, 16, 17, 18\. Fix: use 16"),
        ({"instance_class": "t4g.micro"}, r"instance_class is 't4g.micro'; must be 1 to 40 characters matching db"),
        ({"storage_gib": 10}, r"storage_gib is 10; must be between 20 and 65536"),
        (
            {"backup_days": 6},
            r"backup_days is 6; must be between 7 and 35, or fewer with a short_backups_reason\. Fix: keep",
        ),
        ({"log_days": 100}, r"log_days is 100; must be one of 1, 3, .* choose a retention that CloudWatch"),
        ({"backup_days": 36}, r"backup_days is 36; must be between 0 and 35"),
        ({"max_connections": 5}, r"max_connections is 5; must be between 6 and 262143"),
        (
            {"parameters": {"max_connections": "50"}},
            r"parameters is 'max_connections'; must be another parameter\. Fix: use the argument",
        ),
    ],
)
def test_invalid_arguments(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConstructError, match=message):
        database(**changes)


def test_class_that_the_region_lacks_is_a_warning() -> None:
    def build(region: str) -> list[str]:
        stack = Stack(cdk.Testing.app(), "shop", region=region)
        return warnings(PostgresDatabase(stack, "database", network=network(stack), instance_class="db.t4g.micro"))

    assert build("us-east-1") == []
    (warning,) = build("ca-west-1")
    assert warning.startswith("AWS did not offer db.t4g.micro in ca-west-1 on 20")
