"""`anb status` of a deployment: output and reported problems."""

from __future__ import annotations

import base64
import io
import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click.testing
import pytest
from rich.console import Console

from emulator import aws
from operations.__main__ import anb
from operations.deploy.states import TerraformState
from operations.deployed import status
from operations.deployed.deployed_state import DeployedStacks
from tests.alarms import put_alarm

SHA256 = "5ea1ed" * 10
AMI = "ami-04681a1dbd79675a5"


@pytest.fixture
def client(aws_port: int) -> Callable[[str], Any]:
    return lambda service: aws.client(service, aws_port)


@pytest.fixture
def states(client: Callable[[str], Any]) -> Iterator[dict[str, TerraformState]]:
    """States of a group with one instance, a release, a queue with dead letters and an alarm."""
    name = f"status-{uuid.uuid4().hex[:8]}"
    s3, sqs, ec2, scaling = client("s3"), client("sqs"), client("ec2"), client("autoscaling")
    s3.create_bucket(Bucket=name)
    about = {"version": "0.1.0", "commit": "beef123"}
    manifest = json.dumps({"sha256": SHA256, "about": about, "parts": {}})
    s3.put_object(Bucket=name, Key="releases/portal/release.json", Body=manifest)
    dead = sqs.create_queue(QueueName=f"{name}-dlq")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 5})
    queue = sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy})["QueueUrl"]
    user_data = base64.b64encode(f"cat <<'ENVIRONMENT'\nRELEASE=\"{SHA256}\"\nENVIRONMENT\n".encode()).decode()
    template = ec2.create_launch_template(
        LaunchTemplateName=name,
        LaunchTemplateData={"ImageId": AMI, "InstanceType": "t3.small", "UserData": user_data},
    )["LaunchTemplate"]["LaunchTemplateId"]
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateId": template, "Version": "1"},
        MinSize=1,
        MaxSize=1,
        VPCZoneIdentifier=ec2.describe_subnets()["Subnets"][0]["SubnetId"],
    )
    put_alarm(client("cloudwatch"), f"{name}-alarm")
    yield {
        "storage": TerraformState(
            {"s3_bucket_name": name, "sqs_queue_url": queue}, (("aws_s3_bucket", "it", {"bucket": name}),)
        ),
        "portal": TerraformState(
            {"application_url": "http://anb.example.com"},
            (("aws_autoscaling_group", "it", {"name": name, "launch_template": [{"id": template}]}),),
        ),
        "observability": TerraformState({}, (("aws_cloudwatch_metric_alarm", "it", {"alarm_name": f"{name}-alarm"}),)),
    }
    scaling.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
    ec2.delete_launch_template(LaunchTemplateId=template)
    client("cloudwatch").delete_alarms(AlarmNames=[f"{name}-alarm"])


def report(states: dict[str, TerraformState], client: Callable[[str], Any]) -> tuple[str, list[str]]:
    """Return the output and the problems."""
    output = io.StringIO()
    console = Console(file=output, width=200)
    problems = status.report(DeployedStacks([], states), client, console, ami_id=None)
    return output.getvalue(), problems


def rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines() if "│" in line]


def group_of(states: dict[str, TerraformState]) -> str:
    return str(states["storage"].outputs["s3_bucket_name"])


def set_alarm(states: dict[str, TerraformState], client: Callable[[str], Any], state: str) -> None:
    client("cloudwatch").set_alarm_state(
        AlarmName=f"{group_of(states)}-alarm", StateValue=state, StateReason="Too many."
    )


def test_healthy_deployment_is_reported_without_problems(
    states: dict[str, TerraformState], client: Callable[[str], Any]
) -> None:
    set_alarm(states, client, "OK")
    text, problems = report(states, client)

    assert problems == []
    assert "Site: http://anb.example.com" in text
    assert ["portal", "1", "applied"] in rows(text)
    assert "Release of the portal: 0.1.0 of commit beef123, since 20" in text
    (instance,) = [row for row in rows(text) if row[0] == group_of(states)]
    assert instance[1].startswith("i-") and instance[2].startswith("us-east-1")
    assert instance[3:5] == ["InService", "Healthy"] and instance[6:] == ["1", "0.1.0 of commit beef123"]
    assert ["videos", "0", "0", "0", "no data"] in rows(text)
    assert "Alarms: 1 of 1 OK" in text


def test_alarm_without_data_is_shown_but_no_problem(
    states: dict[str, TerraformState], client: Callable[[str], Any]
) -> None:
    set_alarm(states, client, "INSUFFICIENT_DATA")
    text, problems = report(states, client)
    assert f"No data: {group_of(states)}-alarm" in text and problems == []


def test_active_alarm_is_a_problem(states: dict[str, TerraformState], client: Callable[[str], Any]) -> None:
    set_alarm(states, client, "ALARM")
    assert report(states, client)[1] == [f"Alarm {group_of(states)}-alarm is in ALARM: Too many. See docs/alarms.md."]


def test_deleted_alarm_is_a_problem(states: dict[str, TerraformState], client: Callable[[str], Any]) -> None:
    client("cloudwatch").delete_alarms(AlarmNames=[f"{group_of(states)}-alarm"])
    (problem,) = report(states, client)[1]
    assert problem.endswith("-alarm does not exist in CloudWatch. Run ./anb deploy to create it again.")


def test_dead_letters_are_a_problem(states: dict[str, TerraformState], client: Callable[[str], Any]) -> None:
    url = str(states["storage"].outputs["sqs_queue_url"])
    client("sqs").send_message(QueueUrl=f"{url}-dlq", MessageBody="it")
    text, problems = report(states, client)
    assert ["dead letters", "1", "0", "0", "no data"] in rows(text)
    assert problems == ["Dead letters in the queue: 1. See docs/failures.md."]


def test_unhealthy_instance_is_a_problem(states: dict[str, TerraformState], client: Callable[[str], Any]) -> None:
    scaling, name = client("autoscaling"), group_of(states)
    (group,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    scaling.set_instance_health(InstanceId=group["Instances"][0]["InstanceId"], HealthStatus="Unhealthy")
    assert report(states, client)[1][0] == f"{name} has 0 of 1 instances in service."


def test_incomplete_stacks_are_a_problem(states: dict[str, TerraformState], client: Callable[[str], Any]) -> None:
    portal = states["portal"]
    tainted = TerraformState(portal.outputs, portal.resources, frozenset({"aws_autoscaling_group.it"}))
    text, problems = report({**states, "portal": tainted, "workers": TerraformState()}, client)
    assert ["workers", "0", "not applied"] in rows(text)
    assert problems == [
        "Stack portal: 1 tainted. Run ./anb deploy to complete it.",
        "Stack workers: not applied. Run ./anb deploy to complete it.",
    ]


def test_without_options_the_local_run_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANB_LOCAL_DIR", str(tmp_path))
    shown = click.testing.CliRunner().invoke(anb, ["status"])
    assert (shown.exit_code, shown.output) == (0, "Nothing is up. Start it with ./anb up.\n")
