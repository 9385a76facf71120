"""What an instance says to AWS while it serves, when it is taken away, and when its program failed too often."""

from __future__ import annotations

import pathlib
from datetime import timedelta

import pytest

from tests.integration.user_data.instance import Instance
from tests.integration.user_data.loopback import INSTANCE, Loopback
from tests.unit.constructs_lib.scripts import LOG_GROUP

NOTICE = '{"action": "terminate", "time": "2026-09-18T08:22:00Z"}'


@pytest.fixture
def worker(tmp_path: pathlib.Path, aws: Loopback) -> Instance:
    """One whose group waits until it has finished."""
    return Instance(tmp_path / "worker", aws, heartbeat=timedelta(seconds=1))


@pytest.fixture
def web(tmp_path: pathlib.Path, aws: Loopback) -> Instance:
    """One whose group does not wait."""
    return Instance(tmp_path / "web", aws)


def stops(instance: Instance) -> list[str]:
    return instance.file("systemctl").splitlines()


def test_a_leaving_instance_stops_its_program_says_it_still_works_and_lets_go(worker: Instance, aws: Loopback) -> None:
    aws.states = ["InService", "InService", "Terminated"]
    (worker.folder / "stopping").write_text("2.5")
    done = worker.run("watch")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "this instance is taken away: Auto Scaling terminates it\n"
    assert stops(worker) == ["stop web"]
    hook = {"LifecycleHookName": "terminating", "AutoScalingGroupName": "shop-asg", "InstanceId": INSTANCE}
    assert {each["Action"] for each in aws.told[:-1]} == {"RecordLifecycleActionHeartbeat"}
    last = {"Action": "CompleteLifecycleAction", "LifecycleActionResult": "CONTINUE", "Version": "2011-01-01"}
    assert aws.told[-1] == {**hook, **last}


def test_a_spot_instance_is_stopped_while_it_is_there_and_told_again_before_it_goes(
    worker: Instance, aws: Loopback
) -> None:
    aws.notice = NOTICE
    (worker.folder / "stopping").write_text("1.5")
    done = worker.run("watch")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"this instance is taken away: {NOTICE}\n"
    assert stops(worker) == ["stop web", "kill --kill-whom main web"]
    assert aws.told[-1]["LifecycleActionResult"] == "CONTINUE"


def test_a_spot_instance_that_finishes_in_time_is_told_once(web: Instance, aws: Loopback) -> None:
    aws.notice = NOTICE
    done = web.run("watch")

    assert (done.returncode, done.stderr) == (0, "")
    assert stops(web)[0] == "stop web"
    assert aws.told == [], "no hook waits for it"


def test_requests_are_signed_for_their_service_with_the_roles_credentials(web: Instance, aws: Loopback) -> None:
    web.run("complete", "launching", "CONTINUE")

    (authorization,) = aws.signed
    assert authorization.startswith("AWS4-HMAC-SHA256 Credential=AKIA/")
    assert "/eu-west-1/autoscaling/aws4_request" in authorization
    assert "x-amz-security-token" in authorization


def test_no_credential_is_on_a_command_line(web: Instance, aws: Loopback) -> None:
    web.program("curl", 'echo "$*" >> "$FOLDER/curl"; exec /usr/bin/curl "$@"')
    web.run("complete", "launching", "CONTINUE")

    assert "aws:amz:eu-west-1:autoscaling" in web.file("curl")
    assert "s/+=" not in web.file("curl")
    assert "to/ken" not in web.file("curl")


def test_lines_reach_the_log_whatever_is_in_them(web: Instance, aws: Loopback) -> None:
    aws.client("logs").create_log_group(logGroupName=LOG_GROUP)
    lines = ['say "hi"', "back\\slash", "ñandú $HOME `id` 100%", "x" * 9000]
    done = web.run("ship", given="\n\n".join(lines))

    assert (done.returncode, done.stderr) == (0, "")
    assert aws.logged(LOG_GROUP) == [*lines[:3], "x" * 4000]
    assert list((web.folder / "tmp").iterdir()) == []


def test_what_is_said_later_comes_after_what_was_said(web: Instance, aws: Loopback) -> None:
    aws.client("logs").create_log_group(logGroupName=LOG_GROUP)
    web.run("ship", given="one")
    web.run("ship", given="two")

    assert aws.logged(LOG_GROUP) == ["one", "two"]


def test_an_instance_whose_program_failed_too_often_says_why_and_is_replaced(web: Instance, aws: Loopback) -> None:
    aws.client("logs").create_log_group(logGroupName=LOG_GROUP)
    done = web.run("give_up")

    assert (done.returncode, done.stderr) == (0, "")
    assert aws.logged(LOG_GROUP) == ["what the unit said"]
    (told,) = aws.told
    assert told["Action"] == "SetInstanceHealth"
    assert (told["HealthStatus"], told["InstanceId"]) == ("Unhealthy", INSTANCE)


def test_the_session_manager_agent_is_installed_once(web: Instance) -> None:
    web.program("dpkg", 'echo "$*" >> "$FOLDER/dpkg"')

    assert web.run("install_session_manager").returncode == 0
    assert web.file("dpkg") == "", "systemd says that it is enabled"
