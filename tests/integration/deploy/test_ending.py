"""`anb destroy` for the shared deployment: declined, then with a backup, a final snapshot and the bucket kept.

Then the calls of all commands of this folder are compared with AWS's models and the deployer's policy.
"""

from __future__ import annotations

import json
import re
from typing import Any

from operator_shell import Operator

from emulator.api_calls import violations
from emulator.iam_actions import required_actions
from operations.doctor.actions import ACTIONS, ALWAYS, OPERATIONS
from tests import transcripts

CLIP = "uploads/¿niño? a clip 100%.mp4"


def bucket(operator: Operator) -> str:
    names = [entry["Name"] for entry in operator.client("s3").list_buckets()["Buckets"]]
    (name,) = [name for name in names if "-videos-" in name]
    return str(name)


def existing_resources(operator: Operator) -> dict[str, list[Any]]:
    """Existing resources of a deployment, without buckets and RDS's own secrets."""
    client = operator.client
    endpoints, gateways = client("ec2").describe_vpc_endpoints(), client("ec2").describe_nat_gateways()
    return {
        "queues": client("sqs").list_queues().get("QueueUrls", []),
        "templates": client("ec2").describe_launch_templates()["LaunchTemplates"],
        "groups": client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"],
        "gateways": [gateway for gateway in gateways["NatGateways"] if gateway["State"] != "deleted"],
        "endpoints": [endpoint for endpoint in endpoints["VpcEndpoints"] if endpoint["State"] != "deleted"],
        "addresses": client("ec2").describe_addresses()["Addresses"],
        "networks": [vpc for vpc in client("ec2").describe_vpcs()["Vpcs"] if not vpc["IsDefault"]],
        "flow logs": client("ec2").describe_flow_logs()["FlowLogs"],
        "databases": client("rds").describe_db_instances()["DBInstances"],
        "balancers": client("elbv2").describe_load_balancers()["LoadBalancers"],
        "target groups": client("elbv2").describe_target_groups()["TargetGroups"],
        "alarms": client("cloudwatch").describe_alarms()["MetricAlarms"],
        "dashboards": client("cloudwatch").list_dashboards()["DashboardEntries"],
        "logs": client("logs").describe_log_groups()["logGroups"],
        "roles": client("iam").list_roles()["Roles"],
        "profiles": client("iam").list_instance_profiles()["InstanceProfiles"],
    }


def test_any_answer_but_yes_destroys_nothing(operator: Operator) -> None:
    declined = operator.run("destroy", typed="y\n")

    assert declined.returncode == 0, declined.stderr
    assert "Escribe 'yes' para confirmar: y" in declined.stdout
    assert "database anb-local-postgres" in declined.stdout
    assert f"bucket {bucket(operator)}  (can be kept)" in declined.stdout
    assert "Cancelled: nothing was destroyed." in declined.stdout
    assert len(operator.client("rds").describe_db_instances()["DBInstances"]) == 1


def test_protected_data_is_unprotected_by_a_deployment(operator: Operator) -> None:
    """The next test destroys the deployment, as docs/deploy.md describes it."""
    protected = operator.deploy("--yes", settings={"ANB_PROTECT_DATA": "true"})
    refused = operator.run("destroy", typed="yes\n")
    unprotected = operator.deploy("--yes")

    assert (protected.returncode, unprotected.returncode) == (0, 0), protected.stderr + unprotected.stderr
    assert refused.returncode == 1, refused.stdout
    assert "Protected against deletion: aws_db_instance anb-local-postgres, " in refused.stderr
    assert "Set protect_data = false, run ./anb deploy, and then ./anb destroy." in refused.stderr


def test_destroy_with_backup_final_snapshot_and_kept_bucket(operator: Operator) -> None:
    name, s3 = bucket(operator), operator.client("s3")
    s3.put_object(Bucket=name, Key=CLIP, Body=b"a video")

    destroyed = operator.run("destroy", typed="yes\nn\ny\nn\n")

    assert destroyed.returncode == 0, destroyed.stdout + destroyed.stderr
    # Like AWS, the AWS emulator still lists terminated instances for a while.
    omitted = rf"{transcripts.EACH_RESOURCE}|(?:^  arn:aws:ec2:.*\n)+"
    transcripts.check(
        "docs/deploy.md",
        "destroy",
        "./anb destroy --target local",
        destroyed.stdout,
        omitted=omitted,
        order=transcripts.STACKS[::-1],
    )
    assert re.search(r"Backing up the bucket to .*, \d+ objects", destroyed.stdout)
    (backup,) = operator.folder.glob("s3-backup-*")
    assert [file.read_bytes() for file in backup.rglob("*a clip*")] == [b"a video"]
    assert s3.get_object(Bucket=name, Key=CLIP)["Body"].read() == b"a video"
    assert [entry["Name"] for entry in s3.list_buckets()["Buckets"]] == [name]
    assert f"bucket {name}: " in destroyed.stdout
    snapshots = operator.client("rds").describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
    (final,) = [snapshot["DBSnapshotIdentifier"] for snapshot in snapshots]
    assert re.fullmatch(r"anb-local-postgres-20\d{23}[0-9a-f]-[0-9a-f]{8}-final", final)
    assert f"snapshot {final}: up to 20 GiB" in destroyed.stdout
    assert {kind: resources for kind, resources in existing_resources(operator).items() if resources} == {}
    # RDS deletes its secret with the database; the AWS emulator keeps it if the creation was interrupted.
    secrets = [secret["Name"] for secret in operator.client("secretsmanager").list_secrets()["SecretList"]]
    assert [name for name in secrets if not name.startswith("rds!")] == []
    assert not (operator.folder / "deployment-info.txt").exists()
    for state in operator.states.glob("*.tfstate"):
        assert json.loads(state.read_text())["resources"] == [], state


def test_second_destroy_is_an_error(operator: Operator) -> None:
    again = operator.run("destroy", typed="yes\n")

    assert again.returncode == 1
    assert "Error: The environment local is not deployed: its states are empty." in again.stderr


def test_no_request_is_forbidden_by_the_service_models(operator: Operator) -> None:
    assert sorted({problem for call in operator.calls() for problem in violations(call)}) == []


def test_every_call_is_in_the_deployers_policy(operator: Operator) -> None:
    files = operator.folder.glob("local/endpoints/*/local/cdktf.out/stacks/*/cdk.tf.json")
    kinds = {kind for file in files for kind in json.loads(file.read_text())["resource"]}
    # A function of a group has a role of its own.
    calls = [call for call in operator.calls() if "exec-env/AWS_Lambda" not in call.agent]
    needed = {action for call in calls for action in required_actions(call)}

    assert {call.service for call in calls if "Boto3" in call.agent} >= {"autoscaling", "cloudwatch", "logs", "s3"}
    assert sorted(needed - (ALWAYS | OPERATIONS).union(*(ACTIONS[kind] for kind in kinds))) == []
