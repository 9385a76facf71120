"""All stacks of ANB: names, open ports, permissions, secrets."""

from __future__ import annotations

import json
import pathlib
import re
import typing
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from constructs_lib.compute.user_data import read_environment
from constructs_lib.foundation import cdk
from constructs_lib.testing import Template, annotations_of
from services.environment import PORTAL_KEEP_ALIVE_SECONDS, PortalEnvironment, WorkerEnvironment
from stacks.app import build
from stacks.release_artifacts import sources
from stacks.settings.model import AwsService, Settings

App = dict[str, Template]
ROOT = pathlib.Path(__file__).resolve().parents[3]
STACKS = ["network", "storage", "queue", "database", "load-balancer", "portal", "workers", "observability"]

OUTPUTS = {
    "network": {"environment_name", "vpc_id"},
    "storage": {"s3_bucket_name", "s3_bucket_arn"},
    "queue": {"sqs_queue_url", "sqs_queue_arn", "sqs_queue_name", "sqs_dlq_url"},
    "database": {"db_endpoint", "db_connection_string"},
    "load-balancer": {"application_url", "load_balancer_dns", "waivers"},
    "portal": {"api_autoscaling_group_name", "waivers"},
    "workers": {"worker_autoscaling_group_name", "worker_launch_template_id"},
    "observability": set(),
}


@pytest.mark.snapshot
@pytest.mark.parametrize("stack", STACKS)
def test_production(recorded: SnapshotAssertion, production: App, stack: str) -> None:
    assert production[stack].readable() == recorded


@pytest.mark.snapshot
@pytest.mark.parametrize("stack", STACKS)
def test_embedded(recorded: SnapshotAssertion, embedded: App, stack: str) -> None:
    assert embedded[stack].readable() == recorded


def all_resources(app: App) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every resource: its stack, type and properties."""
    for stack, template in app.items():
        for kind, resources in template.document["resource"].items():
            yield from ((stack, kind, resource) for resource in resources.values())


def statements(template: Template) -> dict[str, dict[str, Any]]:
    """Statements of the instances' role, by Sid."""
    return {
        statement["Sid"]: statement
        for name, each in template.resources("aws_iam_role_policy").items()
        if "_rollout_" not in name
        for statement in json.loads(each["policy"])["Statement"]
    }


def test_stacks_and_outputs_keep_their_names(production: App) -> None:
    assert {name: set(template.outputs()) for name, template in production.items()} == OUTPUTS


def test_connection_string_has_no_password(production: App) -> None:
    text = production["database"].outputs()["db_connection_string"]

    assert re.fullmatch(r"postgresql://postgres@\$\{[^}]+\.address\}:5432/proyecto_1", text)


def test_only_the_load_balancer_is_open_to_the_internet(production: App) -> None:
    open_ports = [
        (stack, each["from_port"])
        for stack, kind, each in all_resources(production)
        if kind == "aws_vpc_security_group_ingress_rule" and "cidr_ipv4" in each
    ]

    assert open_ports == [("load-balancer", 80)]
    assert {kind for _, kind, _ in all_resources(production)} & {"aws_security_group_rule", "aws_key_pair"} == set()


def test_security_groups_allow_only_the_request_path(production: App) -> None:
    allowed = {
        (each["description"], each["from_port"])
        for _, kind, each in all_resources(production)
        if kind == "aws_vpc_security_group_ingress_rule" and "referenced_security_group_id" in each
    }

    assert allowed == {
        ("portal from its load balancer", 8080),
        ("PostgreSQL for portal", 5432),
        ("PostgreSQL for worker", 5432),
    }


GROUPS = "arn:aws:autoscaling:us-east-1:*:autoScalingGroup:*:autoScalingGroupName"


def test_portal_role_has_only_the_needed_permissions(production: App) -> None:
    granted = statements(production["portal"])

    assert {sid: [arn.rpartition("}")[2] for arn in each["Resource"]] for sid, each in granted.items()} == {
        "ReadReleasesPortal": ["/releases/portal/*"],
        "ReportToAutoScaling": [f"{GROUPS}/anb-production-api-asg"],
        "ListObjects": [""],
        "ReadUploads": ["/uploads/*"],
        "WriteUploads": ["/uploads/*"],
        "DeleteUploads": ["/uploads/*"],
        "ReadProcessed": ["/processed/*"],
        "DeleteProcessed": ["/processed/*"],
        "SendMessages": [""],
        "ReadDatabaseSecret": [""],
        "ReadTokenSecret": [""],
        "WriteLogs": [":*"],
    }


def test_pinned_agent_of_session_manager_gets_its_permissions(synthesize: Callable[..., App]) -> None:
    stacks = synthesize(session_manager_agent=f"3.3.987.0:{'a' * 64}")

    for name in ("portal", "workers"):
        assert statements(stacks[name])["SessionManager"]["Resource"] == ["*"]
        script = next(iter(stacks[name].document["locals"].values()))
        assert f"install_session_manager 3.3.987.0 {'a' * 64}" in script


def test_worker_role_has_only_the_needed_permissions(production: App) -> None:
    granted = statements(production["workers"])

    assert {sid: [arn.rpartition("}")[2] for arn in each["Resource"]] for sid, each in granted.items()} == {
        "ReadReleasesWorker": ["/releases/worker/*"],
        "ReportToAutoScaling": [f"{GROUPS}/anb-production-worker-asg"],
        "ConsumeMessages": [""],
        "ListObjects": [""],
        "ReadUploads": ["/uploads/*"],
        "WriteProcessed": ["/processed/*"],
        "DeleteProcessed": ["/processed/*"],
        "ReadDatabaseSecret": [""],
        "WriteLogs": [":*"],
    }


def test_endpoints_cover_every_granted_service_without_nat() -> None:
    settings = Settings.model_validate({"nat": "none", "interface_endpoints": list(typing.get_args(AwsService))})

    warnings = [
        each.message
        for stack in build(cdk.Testing.app(), settings, sources())
        for each in annotations_of(stack, "warning")
    ]
    assert [warning for warning in warnings if "reach" in warning] == []


def test_no_statement_allows_a_whole_service(production: App) -> None:
    for stack in ("portal", "workers"):
        for statement in production[stack].policy("aws_iam_role_policy"):
            assert not [action for action in statement["Action"] if "*" in action]


def test_lab_profile_creates_no_role(synthesize: Callable[..., App]) -> None:
    app = synthesize(existing_instance_profile="LabInstanceProfile", existing_function_role="LabRole")

    assert [kind for _, kind, _ in all_resources(app) if kind.startswith("aws_iam")] == []
    profiles = {
        each["iam_instance_profile"]["name"] for _, kind, each in all_resources(app) if kind == "aws_launch_template"
    }
    assert profiles == {"LabInstanceProfile"}


@pytest.mark.asvs("13.3.1")
def test_no_resource_puts_a_secret_in_the_state(production: App) -> None:
    text = json.dumps([template.document for template in production.values()])

    assert not re.search(r'"(random_password|password|secret_string|secret_binary|password_wo)":', text)


@pytest.mark.asvs("13.3.1")
def test_user_data_and_outputs_hold_only_arns_of_secrets(production: App) -> None:
    for stack, secrets in (
        ("portal", {"DATABASE_SECRET_ARN", "TOKEN_SECRET_ARN"}),
        ("workers", {"DATABASE_SECRET_ARN"}),
    ):
        variables = read_environment(production[stack].user_data())
        private = {name for name in variables if re.search("SECRET|PASSWORD|KEY|CREDENTIAL", name)}

        assert private == secrets
        assert all(re.search(r"(arn|secret_arn)\}?$", variables[name]) for name in private), variables
    outputs = json.dumps([template.outputs() for template in production.values()])

    assert not re.search(r"(?i)password|secret", outputs)


def test_each_service_gets_all_its_variables(production: App) -> None:
    portal = read_environment(production["portal"].user_data())
    worker = read_environment(production["workers"].user_data())

    region = {"AWS_DEFAULT_REGION": "us-east-1"}
    assert {**PortalEnvironment.from_variables(portal).as_variables(), **region} == portal
    assert {**WorkerEnvironment.from_variables(worker).as_variables(), **region} == worker
    assert (portal["DATABASE_SSL_MODE"], portal["DATABASE_CA_FILE"]) == ("verify-full", "")


def test_https_makes_cookies_secure(synthesize: Callable[..., App]) -> None:
    def secure(**changes: object) -> bool:
        environment = read_environment(synthesize(**changes)["portal"].user_data())
        return PortalEnvironment.from_variables(environment).secure_cookies

    assert not secure()
    certificate = "arn:aws:acm:us-east-1:123456789012:certificate/1"
    assert secure(certificate_arn=certificate, portal_origins=["https://anb.example"])
    assert secure(domain_name="anb.example", hosted_zone_id="Z0123456789")


def upload_origins(app: App) -> list[str]:
    """The origins in the bucket's CORS rule."""
    (cors,) = app["portal"].one("aws_s3_bucket_cors_configuration")["cors_rule"]
    origins: list[str] = cors["allowed_origins"]
    return origins


def test_domain_is_the_portal_url_and_an_upload_origin(synthesize: Callable[..., App]) -> None:
    app = synthesize(domain_name="anb.example", hosted_zone_id="Z0123456789", portal_origins=["https://b.example"])

    assert app["load-balancer"].outputs()["application_url"] == "https://anb.example"
    assert upload_origins(app) == ["https://anb.example", "https://b.example"]


def test_load_balancer_is_an_upload_origin_without_a_domain(synthesize: Callable[..., App]) -> None:
    (origin,) = upload_origins(synthesize())
    assert re.fullmatch(r"http://\$\{data\.terraform_remote_state\..*load-?balancer.*\}", origin)

    certificate = "arn:aws:acm:us-east-1:123456789012:certificate/1"
    secure, named = upload_origins(synthesize(certificate_arn=certificate, portal_origins=["https://anb.example"]))
    assert secure.startswith("https://${data.terraform_remote_state.")
    assert named == "https://anb.example"


def test_storage_does_not_wait_for_the_load_balancer(synthesize: Callable[..., App]) -> None:
    assert "load-balancer" not in json.dumps(synthesize()["storage"].document)


def test_portal_gets_its_host_names_and_cors_origins(synthesize: Callable[..., App]) -> None:
    def environment(**changes: object) -> PortalEnvironment:
        return PortalEnvironment.from_variables(read_environment(synthesize(**changes)["portal"].user_data()))

    plain = environment()
    assert (plain.public_hosts, plain.cors_origins, plain.revoke_bearer_on_logout) == ((), (), False)
    named = environment(
        domain_name="anb.example",
        hosted_zone_id="Z0123456789",
        portal_origins=["https://b.example"],
        cors_origins=["https://front.example", "http://[::1]:5173"],
        revoke_bearer_on_logout=True,
    )
    assert named.public_hosts == ("anb.example", "b.example")
    assert named.cors_origins == ("https://front.example", "http://[::1]:5173")
    assert named.revoke_bearer_on_logout


def test_firewall_exists_when_a_limit_is_set_and_allows_videos(synthesize: Callable[..., App]) -> None:
    assert synthesize()["load-balancer"].resources("aws_wafv2_web_acl") == {}

    template = synthesize(waf_requests_per_5_minutes=2000)["load-balancer"]
    assert "SizeRestrictions_BODY" in json.dumps(template.one("aws_wafv2_web_acl"))


def test_load_balancer_closes_idle_connections_before_the_portal(production: App) -> None:
    assert production["load-balancer"].one("aws_lb")["idle_timeout"] < PORTAL_KEEP_ALIVE_SECONDS


def buckets_denying_plain_http(app: App) -> list[str]:
    return [
        each["bucket"]
        for _, kind, each in all_resources(app)
        if kind == "aws_s3_bucket_policy" and "DenyPlainHttp" in each["policy"]
    ]


def test_emulator_gaps_are_waived_on_the_emulator_only(production: App, embedded: App) -> None:
    waived = {
        "aws_sqs_queue_policy",
        "aws_sqs_queue_redrive_allow_policy",
        "aws_cloudwatch_composite_alarm",
        "aws_cloudwatch_query_definition",
    }

    assert waived <= {kind for _, kind, _ in all_resources(production)}
    assert waived & {kind for _, kind, _ in all_resources(embedded)} == set()
    assert len(buckets_denying_plain_http(production)) == 2
    assert buckets_denying_plain_http(embedded) == []


def test_protected_data_cannot_be_destroyed(production: App, embedded: App) -> None:
    assert production["database"].one("aws_db_instance")["deletion_protection"] is True
    assert production["storage"].one("aws_s3_bucket")["force_destroy"] is False
    assert production["load-balancer"].one("aws_lb")["enable_deletion_protection"] is True
    assert embedded["database"].one("aws_db_instance")["deletion_protection"] is False
    assert embedded["storage"].one("aws_s3_bucket")["force_destroy"] is True


def test_destroyed_database_leaves_a_snapshot_except_in_development(
    production: App, embedded: App, synthesize: Callable[..., App]
) -> None:
    def skipped(app: App) -> object:
        return app["database"].one("aws_db_instance")["skip_final_snapshot"]

    assert (skipped(production), skipped(synthesize(protect_data=False))) == (False, False)
    assert (skipped(synthesize(final_snapshot=False)), skipped(embedded)) == (True, True)


def test_each_environment_has_its_own_state(production: App, embedded: App) -> None:
    def path(app: App) -> str:
        return str(app["network"].document["terraform"]["backend"]["local"]["path"])

    assert path(production) == "/states/anb-production/network.tfstate"
    assert path(embedded) == "/states/anb-local/network.tfstate"


def test_s3_state_uses_s3_locking(synthesize: Callable[..., App]) -> None:
    app = synthesize(state_backend="s3", state_bucket="anb-states")

    backend = app["network"].document["terraform"]["backend"]["s3"]
    assert backend["use_lockfile"] is True
    assert backend["encrypt"] is True
    assert backend["key"] == "anb-production/network.tfstate"


def test_stacks_do_not_set_the_emulator_endpoint(embedded: App) -> None:
    provider = embedded["network"].document["provider"]["aws"][0]

    assert provider["s3_use_path_style"] is True
    assert "endpoints" not in provider
