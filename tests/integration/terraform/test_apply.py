"""What is deployed by the real Terraform: whole, quiet when planned again, without secrets, and gone when destroyed.

The tests share one deployment and run in this order; the last ones take it down and put it up again.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re

from conftest import STACKS, Plans, Stacks
from false_differences import LISTED, differences

from operations.local.deployment import read_launch_templates
from services.environment import PortalEnvironment, WorkerEnvironment

# What Terraform keeps that only a secret's value would make dangerous.
SECRET_TYPES = {"random_password", "aws_secretsmanager_random_password", "tls_private_key"}


def test_every_stack_stands(stacks: Stacks) -> None:
    managed = stacks.managed()

    assert all(managed[stack] for stack in STACKS), managed
    assert sum(len(kinds) for kinds in managed.values()) >= 60


def test_the_outputs_describe_what_stands(stacks: Stacks) -> None:
    outputs = stacks.outputs()

    (balancer,) = stacks.client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert outputs["application_url"] == f"http://{balancer['DNSName']}"
    assert outputs["sqs_queue_url"] in stacks.client("sqs").list_queues()["QueueUrls"]
    assert outputs["s3_bucket_name"] in [each["Name"] for each in stacks.client("s3").list_buckets()["Buckets"]]
    assert outputs["db_connection_string"] == f"postgresql://postgres@{outputs['db_endpoint']}:5432/proyecto_1"


def test_planned_again_nothing_changes_but_what_the_emulator_forgets(second_plans: Plans) -> None:
    found = differences(second_plans)

    assert found.unexpected == []
    unseen = {(each.kind, each.attribute) for each in LISTED} - found.seen
    assert unseen == set(), "listed, but the emulator no longer shows it: remove it from the list"


def test_13_3_1_no_state_holds_a_secret(stacks: Stacks) -> None:
    manager = stacks.client("secretsmanager")
    values = [
        manager.get_secret_value(SecretId=each["ARN"])["SecretString"] for each in manager.list_secrets()["SecretList"]
    ]
    secrets = [json.loads(value)["password"] if value.startswith("{") else value for value in values]
    text = "".join(stacks.state(stack) for stack in STACKS)

    assert len(secrets) == 2, "the token's key and the database's password"
    assert all(len(secret) >= 8 for secret in secrets), "shorter text could be found by chance"
    assert [secret for secret in secrets if secret in text] == []
    assert {kind for kinds in stacks.managed().values() for kind in kinds} & SECRET_TYPES == set()


def test_13_3_1_no_plan_holds_a_secret(stacks: Stacks, second_plans: Plans) -> None:
    manager = stacks.client("secretsmanager")
    (key,) = [
        manager.get_secret_value(SecretId=each["ARN"])["SecretString"]
        for each in manager.list_secrets()["SecretList"]
        if each["Name"].startswith("anb-local-tokens-")
    ]
    text = json.dumps(second_plans)

    assert key not in text


def test_the_launch_templates_give_each_service_its_whole_environment(stacks: Stacks) -> None:
    deployed = read_launch_templates(stacks.client("ec2"))

    portal = PortalEnvironment.from_variables(deployed.portal)
    worker = WorkerEnvironment.from_variables(deployed.worker)
    outputs = stacks.outputs()
    for environment in (portal, worker):
        assert environment.database_host == outputs["db_endpoint"]
        assert environment.queue_url == outputs["sqs_queue_url"]
        assert environment.media_bucket == outputs["s3_bucket_name"]
        assert re.fullmatch(r"[0-9a-f]{64}", environment.release)
        assert environment.database_secret_arn.startswith("arn:aws:secretsmanager:")
    assert portal.token_secret_arn.startswith("arn:aws:secretsmanager:")


def test_the_releases_in_the_bucket_are_those_the_instances_are_told(stacks: Stacks) -> None:
    deployed = read_launch_templates(stacks.client("ec2"))
    for service, variables in (("portal", deployed.portal), ("worker", deployed.worker)):
        bucket, s3 = variables["MEDIA_BUCKET"], stacks.client("s3")
        manifest = json.load(s3.get_object(Bucket=bucket, Key=f"releases/{service}/release.json")["Body"])
        assert manifest["sha256"] == variables["RELEASE"]
        for part in manifest["parts"].values():
            stored = s3.get_object(Bucket=bucket, Key=part["key"], VersionId=part["version_id"])
            assert hashlib.sha256(gzip.decompress(stored["Body"].read())).hexdigest() == part["sha256"]


def test_destroying_leaves_nothing_and_deploying_again_works(stacks: Stacks) -> None:
    bucket = stacks.outputs()["s3_bucket_name"]
    stacks.client("s3").put_object(Bucket=bucket, Key="uploads/left-over.mp4", Body=b"video")
    stacks.destroy()

    assert {stack: kinds for stack, kinds in stacks.managed().items() if kinds} == {}
    assert stacks.client("s3").list_buckets()["Buckets"] == []
    assert stacks.client("sqs").list_queues().get("QueueUrls", []) == []
    assert stacks.client("ec2").describe_launch_templates()["LaunchTemplates"] == []
    assert stacks.client("rds").describe_db_instances()["DBInstances"] == []
    assert stacks.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
    assert stacks.client("secretsmanager").list_secrets()["SecretList"] == []
    assert stacks.client("iam").list_roles()["Roles"] == []

    stacks.apply()

    assert sum(len(kinds) for kinds in stacks.managed().values()) >= 60
    assert read_launch_templates(stacks.client("ec2"))
