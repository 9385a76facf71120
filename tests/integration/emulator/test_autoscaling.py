"""Lifecycle actions, completed with the real AWS client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from emulator.autoscaling import ABANDON, CONTINUE, AutoScaling
from workspace.ports import LOOPBACK

INSTANCE = "i-0123456789abcdef0"


@pytest.fixture
def scaling(aws_port: int) -> Iterator[AutoScaling]:
    with AutoScaling(aws_port) as scaling:
        yield scaling


@pytest.fixture
def client(scaling: AutoScaling) -> Any:
    return boto3.client(
        "autoscaling",
        endpoint_url=f"http://{LOOPBACK}:{scaling.port}",
        region_name="us-east-1",
        aws_access_key_id="ASIAROLE",
        aws_secret_access_key="secret",
    )


def complete(client: Any, result: str, instance: str = INSTANCE, hook: str = "launching") -> None:
    client.complete_lifecycle_action(
        AutoScalingGroupName="web", LifecycleHookName=hook, InstanceId=instance, LifecycleActionResult=result
    )


@pytest.mark.parametrize("result", [CONTINUE, ABANDON])
def test_instance_completes_a_lifecycle_action(scaling: AutoScaling, client: Any, result: str) -> None:
    wait = scaling.expect("web", "launching", INSTANCE)
    complete(client, result)
    assert wait.wait(seconds=0) == result
    assert wait.reported_by == "ASIAROLE"


def test_unexpected_instance_or_hook_is_an_error(scaling: AutoScaling, client: Any) -> None:
    wait = scaling.expect("web", "launching", INSTANCE)
    for other in ({"instance": "i-0fffffffffffffff0"}, {"hook": "terminating"}):
        with pytest.raises(ClientError, match="No active Lifecycle Action found with instance ID"):
            complete(client, CONTINUE, **other)
    assert wait.wait(seconds=0) is None


def test_second_completion_is_an_error(scaling: AutoScaling, client: Any) -> None:
    scaling.expect("web", "launching", INSTANCE)
    complete(client, CONTINUE)
    with pytest.raises(ClientError, match="No active Lifecycle Action"):
        complete(client, CONTINUE)


def test_result_must_be_continue_or_abandon(scaling: AutoScaling, client: Any) -> None:
    scaling.expect("web", "launching", INSTANCE)
    with pytest.raises(ClientError, match="must be CONTINUE or ABANDON"):
        complete(client, "DONE")


def test_heartbeats_are_recorded(scaling: AutoScaling, client: Any) -> None:
    wait = scaling.expect("web", "terminating", INSTANCE)
    for _ in range(2):
        client.record_lifecycle_action_heartbeat(
            AutoScalingGroupName="web", LifecycleHookName="terminating", InstanceId=INSTANCE
        )
    assert len(wait.heartbeats) == 2
    assert wait.result is None


def test_other_requests_are_forwarded_to_moto(client: Any) -> None:
    client.create_launch_configuration(LaunchConfigurationName="one", ImageId="ami-1", InstanceType="t3.micro")
    found = client.describe_launch_configurations()["LaunchConfigurations"]
    assert "one" in [each["LaunchConfigurationName"] for each in found]
