"""The end of the deployment of these tests: refused, declined, and taken down with the bucket kept or not."""

from __future__ import annotations

import json
import re
from typing import Any

from operator_shell import Operator

from tests import transcripts

CLIP = "uploads/¿niño? a clip 100%.mp4"


def bucket(operator: Operator) -> str:
    (name,) = [each["Name"] for each in operator.client("s3").list_buckets()["Buckets"] if "-videos-" in each["Name"]]
    return str(name)


def left(operator: Operator) -> dict[str, list[Any]]:
    """What exists that a deployment makes, beside buckets and RDS's own secrets."""
    ask = operator.client
    endpoints, gateways = ask("ec2").describe_vpc_endpoints(), ask("ec2").describe_nat_gateways()
    return {
        "queues": ask("sqs").list_queues().get("QueueUrls", []),
        "templates": ask("ec2").describe_launch_templates()["LaunchTemplates"],
        "groups": ask("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"],
        "gateways": [each for each in gateways["NatGateways"] if each["State"] != "deleted"],
        "endpoints": [each for each in endpoints["VpcEndpoints"] if each["State"] != "deleted"],
        "addresses": ask("ec2").describe_addresses()["Addresses"],
        "networks": [each for each in ask("ec2").describe_vpcs()["Vpcs"] if not each["IsDefault"]],
        "flow logs": ask("ec2").describe_flow_logs()["FlowLogs"],
        "databases": ask("rds").describe_db_instances()["DBInstances"],
        "balancers": ask("elbv2").describe_load_balancers()["LoadBalancers"],
        "target groups": ask("elbv2").describe_target_groups()["TargetGroups"],
        "alarms": ask("cloudwatch").describe_alarms()["MetricAlarms"],
        "dashboards": ask("cloudwatch").list_dashboards()["DashboardEntries"],
        "logs": ask("logs").describe_log_groups()["logGroups"],
        "roles": ask("iam").list_roles()["Roles"],
        "profiles": ask("iam").list_instance_profiles()["InstanceProfiles"],
    }


def test_anything_but_yes_destroys_nothing(operator: Operator) -> None:
    declined = operator.run("destroy", typed="y\n")

    assert declined.returncode == 0, declined.stderr
    assert "Escribe 'yes' para confirmar: y" in declined.stdout
    assert "database anb-local-postgres" in declined.stdout
    assert f"bucket {bucket(operator)}  (can be kept)" in declined.stdout
    assert "Cancelled: nothing was destroyed." in declined.stdout
    assert len(operator.client("rds").describe_db_instances()["DBInstances"]) == 1


def test_it_is_taken_down_with_a_backup_and_the_bucket_kept(operator: Operator) -> None:
    name, s3 = bucket(operator), operator.client("s3")
    s3.put_object(Bucket=name, Key=CLIP, Body=b"a video")

    gone = operator.run("destroy", typed="yes\ny\nn\n")

    assert gone.returncode == 0, gone.stdout + gone.stderr
    # Of what is gone the embedded AWS, too, names instances and the like for a while.
    left_out = rf"{transcripts.EACH_RESOURCE}|(?:^  arn:aws:ec2:.*\n)+"
    transcripts.check(
        "docs/deploy.md",
        "destroy",
        "./anb destroy --target local",
        gone.stdout,
        left_out=left_out,
        order=transcripts.STACKS[::-1],
    )
    assert re.search(r"Backing the bucket up into .*, \d+ objects", gone.stdout)
    (backup,) = operator.folder.glob("s3-backup-*")
    assert [file.read_bytes() for file in backup.rglob("*a clip*")] == [b"a video"]
    assert s3.get_object(Bucket=name, Key=CLIP)["Body"].read() == b"a video"
    assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == [name]
    assert f"bucket {name}: " in gone.stdout
    assert {kind: found for kind, found in left(operator).items() if found} == {}
    # RDS's own secret ends with its database; of one whose creation was cut off, the embedded AWS keeps it.
    secrets = [each["Name"] for each in operator.client("secretsmanager").list_secrets()["SecretList"]]
    assert [secret for secret in secrets if not secret.startswith("rds!")] == []
    assert not (operator.folder / "deployment-info.txt").exists()
    for state in operator.states.glob("*.tfstate"):
        assert json.loads(state.read_text())["resources"] == [], state


def test_what_is_gone_is_not_destroyed_again(operator: Operator) -> None:
    again = operator.run("destroy", typed="yes\n")

    assert again.returncode == 1
    assert "Error: Nothing is deployed of the environment local: its states are empty." in again.stderr
