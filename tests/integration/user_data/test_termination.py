"""The calls of an instance to AWS in service, when it is terminated, and when its program failed too often."""

from __future__ import annotations

import hashlib
import pathlib
from datetime import timedelta

import pytest

from tests.integration.user_data.instance import Instance
from tests.integration.user_data.loopback import INSTANCE, Loopback
from tests.unit.constructs_lib.scripts import LOG_GROUP

NOTICE = '{"action": "terminate", "time": "2026-09-18T08:22:00Z"}'


@pytest.fixture
def worker(tmp_path: pathlib.Path, aws: Loopback) -> Instance:
    """An instance whose termination waits for a lifecycle hook."""
    return Instance(tmp_path / "worker", aws, heartbeat=timedelta(seconds=1))


@pytest.fixture
def web(tmp_path: pathlib.Path, aws: Loopback) -> Instance:
    """An instance without a termination hook."""
    return Instance(tmp_path / "web", aws)


def systemctl_calls(instance: Instance) -> list[str]:
    return instance.file("systemctl").splitlines()


def test_terminating_instance_stops_and_completes_the_hook(worker: Instance, aws: Loopback) -> None:
    aws.states = ["InService", "InService", "Terminated"]
    (worker.folder / "stopping").write_text("2.5")
    process = worker.run("watch")

    assert (process.returncode, process.stderr) == (0, "")
    assert process.stdout == "this instance is taken away: Auto Scaling terminates it\n"
    assert systemctl_calls(worker) == ["stop web"]
    hook = {"LifecycleHookName": "terminating", "AutoScalingGroupName": "shop-asg", "InstanceId": INSTANCE}
    assert {call["Action"] for call in aws.calls[:-1]} == {"RecordLifecycleActionHeartbeat"}
    last = {"Action": "CompleteLifecycleAction", "LifecycleActionResult": "CONTINUE", "Version": "2011-01-01"}
    assert aws.calls[-1] == {**hook, **last}


def test_spot_interruption_stops_and_then_interrupts_the_job(worker: Instance, aws: Loopback) -> None:
    aws.notice = NOTICE
    (worker.folder / "stopping").write_text("1.5")
    process = worker.run("watch")

    assert (process.returncode, process.stderr) == (0, "")
    assert process.stdout == f"this instance is taken away: {NOTICE}\n"
    assert systemctl_calls(worker) == ["stop web", "kill --kill-whom main web"]
    assert aws.calls[-1]["LifecycleActionResult"] == "CONTINUE"


def test_spot_instance_without_a_hook_only_stops(web: Instance, aws: Loopback) -> None:
    aws.notice = NOTICE
    process = web.run("watch")

    assert (process.returncode, process.stderr) == (0, "")
    assert systemctl_calls(web)[0] == "stop web"
    assert aws.calls == [], "no hook waits for the instance"


def test_requests_are_signed_with_the_roles_credentials(web: Instance, aws: Loopback) -> None:
    web.run("complete", "launching", "CONTINUE")

    (authorization,) = aws.authorizations
    assert authorization.startswith("AWS4-HMAC-SHA256 Credential=AKIA/")
    assert "/eu-west-1/autoscaling/aws4_request" in authorization
    assert "x-amz-security-token" in authorization


def test_credentials_are_not_on_a_command_line(web: Instance, aws: Loopback) -> None:
    web.fake_program("curl", 'echo "$*" >> "$FOLDER/curl"; exec /usr/bin/curl "$@"')
    web.run("complete", "launching", "CONTINUE")

    assert "aws:amz:eu-west-1:autoscaling" in web.file("curl")
    assert "s/+=" not in web.file("curl")
    assert "to/ken" not in web.file("curl")


def test_log_lines_may_contain_special_characters(web: Instance, aws: Loopback) -> None:
    aws.client("logs").create_log_group(logGroupName=LOG_GROUP)
    lines = ['say "hi"', "back\\slash", "ñandú $HOME `id` 100%", "x" * 9000]
    process = web.run("ship", input="\n\n".join(lines))

    assert (process.returncode, process.stderr) == (0, "")
    assert aws.boot_log(LOG_GROUP) == [*lines[:3], "x" * 4000]
    assert list((web.folder / "tmp").iterdir()) == []


def test_log_lines_keep_their_order(web: Instance, aws: Loopback) -> None:
    aws.client("logs").create_log_group(logGroupName=LOG_GROUP)
    web.run("ship", input="one")
    web.run("ship", input="two")

    assert aws.boot_log(LOG_GROUP) == ["one", "two"]


def test_failed_program_is_logged_and_instance_marked_unhealthy(web: Instance, aws: Loopback) -> None:
    aws.client("logs").create_log_group(logGroupName=LOG_GROUP)
    process = web.run("give_up")

    assert (process.returncode, process.stderr) == (0, "")
    assert aws.boot_log(LOG_GROUP) == ["what the unit said"]
    (call,) = aws.calls
    assert call["Action"] == "SetInstanceHealth"
    assert (call["HealthStatus"], call["InstanceId"]) == ("Unhealthy", INSTANCE)


_PACKAGE = b"the agent"
_VERSION = "3.3.987.0"


@pytest.fixture
def without_agent(web: Instance, aws: Loopback) -> Instance:
    """An instance without the agent, whose bucket of AWS has a package of it."""
    web.fake_program("systemctl", "exit 1")
    web.fake_program("dpkg", '[ "$1" = --print-architecture ] && echo amd64 || echo "$1" >> "$FOLDER/dpkg"')
    s3 = aws.client("s3")
    s3.create_bucket(
        Bucket="amazon-ssm-eu-west-1", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}, ACL="public-read"
    )
    key = f"{_VERSION}/debian_amd64/amazon-ssm-agent.deb"
    s3.put_object(Bucket="amazon-ssm-eu-west-1", Key=key, Body=_PACKAGE, ACL="public-read")
    return web


def test_session_manager_agent_with_the_pinned_hash_is_installed(without_agent: Instance) -> None:
    process = without_agent.run("install_session_manager", _VERSION, hashlib.sha256(_PACKAGE).hexdigest())

    assert (process.returncode, process.stderr) == (0, "")
    assert without_agent.file("dpkg") == "--install\n"


def test_session_manager_agent_with_another_hash_is_not_installed(without_agent: Instance) -> None:
    process = without_agent.run("install_session_manager", _VERSION, "a" * 64)

    assert process.returncode != 0
    assert "checksum did NOT match" in process.stderr
    assert without_agent.file("dpkg") == ""


def test_session_manager_agent_is_installed_once(web: Instance) -> None:
    web.fake_program("dpkg", 'echo "$*" >> "$FOLDER/dpkg"')

    assert web.run("install_session_manager", _VERSION, "a" * 64).returncode == 0
    assert web.file("dpkg") == "", "systemctl reports that it is already enabled"
