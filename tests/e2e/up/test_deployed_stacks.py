"""./anb up deploys every stack with the real Terraform; outputs, launch templates, releases, no secrets."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from typing import Any

import pytest

from emulator import aws
from operations.local.deployment import ServiceVariables, read_launch_templates
from services.environment import PortalEnvironment, WorkerEnvironment
from tests.commands import Commands

STACKS = {"network", "storage", "queue", "database", "load-balancer", "portal", "workers", "observability"}

# Resource types whose state contains secret values.
SECRET_TYPES = {"random_password", "aws_secretsmanager_random_password", "tls_private_key"}

States = dict[str, dict[str, Any]]
"""Terraform states, by stack."""


@pytest.fixture(scope="module")
def states(system: Commands) -> States:
    return {file.stem: json.loads(file.read_text()) for file in system.folder.glob("infrastructure/states/*/*.tfstate")}


@pytest.fixture(scope="module")
def outputs(states: States) -> dict[str, Any]:
    """The outputs of all stacks."""
    return {name: output["value"] for state in states.values() for name, output in state["outputs"].items()}


@pytest.fixture(scope="module")
def deployed(system: Commands) -> ServiceVariables:
    """The environment variables in the launch templates."""
    return read_launch_templates(client(system, "ec2"))


def client(system: Commands, service: str) -> Any:
    """Create a boto3 client of the AWS emulator."""
    port = system.state().children["aws"].port
    assert port is not None
    return aws.client(service, port)


def kinds(states: States) -> dict[str, list[str]]:
    """List the types of the managed resources, by stack."""
    return {
        stack: [
            resource["type"]
            for resource in state["resources"]
            for _ in resource["instances"]
            if resource["mode"] == "managed"
        ]
        for stack, state in states.items()
    }


def test_every_stack_is_deployed(states: States) -> None:
    managed = kinds(states)

    assert set(managed) == STACKS
    assert all(managed.values()), managed
    assert sum(map(len, managed.values())) >= 60


def test_outputs_match_the_deployed_resources(system: Commands, outputs: dict[str, Any]) -> None:
    (balancer,) = client(system, "elbv2").describe_load_balancers()["LoadBalancers"]
    assert outputs["application_url"] == f"http://{balancer['DNSName']}"
    assert outputs["load_balancer_dns"] == balancer["DNSName"]
    assert outputs["sqs_queue_url"] in client(system, "sqs").list_queues()["QueueUrls"]
    assert outputs["s3_bucket_name"] in [each["Name"] for each in client(system, "s3").list_buckets()["Buckets"]]
    assert outputs["db_connection_string"] == f"postgresql://postgres@{outputs['db_endpoint']}:5432/proyecto_1"


def secret_values(system: Commands) -> list[str]:
    manager = client(system, "secretsmanager")
    texts = [
        manager.get_secret_value(SecretId=each["ARN"])["SecretString"] for each in manager.list_secrets()["SecretList"]
    ]
    return [json.loads(text)["password"] if text.startswith("{") else text for text in texts]


@pytest.mark.asvs("13.3.1")
def test_no_secret_in_states_configuration_or_logs(system: Commands, states: States) -> None:
    hidden = secret_values(system)
    assert len(hidden) == 2, "the database's master password and the signing key of the tokens"
    assert all(len(secret) >= 8 for secret in hidden), "shorter texts could match by chance"
    assert {kind for each in kinds(states).values() for kind in each} & SECRET_TYPES == set()
    folder = system.folder
    written = [*folder.glob("infrastructure/**/*.tfstate"), *folder.glob("infrastructure/**/*.tf.json")]
    written += [folder / "state.json", *folder.glob("logs/*.log")]
    assert len(written) > 16
    for file in written:
        text = file.read_text(errors="replace")
        assert not any(secret in text for secret in hidden), file


def test_launch_templates_have_the_services_environment(deployed: ServiceVariables, outputs: dict[str, Any]) -> None:
    portal = PortalEnvironment.from_variables(deployed.portal)
    worker = WorkerEnvironment.from_variables(deployed.worker)
    for environment in (portal, worker):
        assert environment.database_host == outputs["db_endpoint"]
        assert environment.queue_url == outputs["sqs_queue_url"]
        assert environment.media_bucket == outputs["s3_bucket_name"]
        assert re.fullmatch(r"[0-9a-f]{64}", environment.release)
        assert environment.database_secret_arn.startswith("arn:aws:secretsmanager:")
    assert portal.token_secret_arn.startswith("arn:aws:secretsmanager:")


@pytest.mark.parametrize("service", ["portal", "worker"])
def test_bucket_has_the_releases_of_the_instances(system: Commands, deployed: ServiceVariables, service: str) -> None:
    variables = getattr(deployed, service)
    bucket, s3 = variables["MEDIA_BUCKET"], client(system, "s3")
    manifest = json.load(s3.get_object(Bucket=bucket, Key=f"releases/{service}/release.json")["Body"])
    assert manifest["sha256"] == variables["RELEASE"]
    for part in manifest["parts"].values():
        stored = s3.get_object(Bucket=bucket, Key=part["key"], VersionId=part["version_id"])
        assert hashlib.sha256(gzip.decompress(stored["Body"].read())).hexdigest() == part["sha256"]
