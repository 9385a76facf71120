"""What the operator asks of the deployment of these tests while it stands, in this order."""

from __future__ import annotations

import re
import subprocess
import time

from operator_shell import QUESTION, Operator

from tests import transcripts
from workspace import paths

PAGE = "docs/operating.md"
BOOT = "worker is ready: install 4210 ms, fetch 2380 ms, start 1940 ms, report 310 ms"
REQUEST = (
    '{"service": "portal", "event": "request", "method": "POST", "route": "/api/public/videos/<video_id>/vote", '
    '"status": 200, "ms": 6.1, "user_id": 17, "network": "192.0.2.0/24", "level": "info"}'
)


def git(*arguments: str) -> str:
    told = ["-c", "user.name=Ana", "-c", "user.email=ana@example.com"]
    return subprocess.run(
        ["git", *told, *arguments], cwd=paths.ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_its_state_is_told(operator: Operator) -> None:
    told = operator.run("status")

    assert told.returncode == 0, told.stdout + told.stderr
    assert "Site: http://" in told.stdout
    assert "not applied" not in told.stdout
    assert f"Release of the portal: 0.1.0 of commit {git('rev-parse', 'HEAD')[:12]}, since " in told.stdout
    for group in ("anb-local-api-asg", "anb-local-worker-asg"):
        assert any(group in line and "InService" in line and " of commit " in line for line in told.stdout.split("\n"))
    assert "✓ All is as it should be." in told.stdout
    transcripts.check(PAGE, "status", "./anb status --target local", told.stdout)


def test_an_alarm_that_is_on_ends_it_with_1(operator: Operator) -> None:
    cloudwatch, name = operator.client("cloudwatch"), "anb-local-sqs-dlq-messages"
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="One lies there.")
    told = operator.run("status")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="None does.")

    assert told.returncode == 1, told.stdout + told.stderr
    assert f"✗ The alarm {name} is on: One lies there." in told.stdout


def test_the_logs_of_its_instances_are_read_by_time(operator: Operator) -> None:
    logs, now = operator.client("logs"), int(time.time() * 1000)
    for service, stream, ago, text in (("portal", "i-1", 20, REQUEST), ("worker", "boot/i-2", 30, BOOT)):
        logs.create_log_stream(logGroupName=f"/anb/anb-local/{service}", logStreamName=stream)
        event = {"timestamp": now - ago * 1000, "message": text}
        logs.put_log_events(logGroupName=f"/anb/anb-local/{service}", logStreamName=stream, logEvents=[event])

    read = operator.run("logs")

    assert read.returncode == 0, read.stderr
    assert [line.split(" ", 1)[1] for line in read.stdout.splitlines()] == [f"boot/i-2 {BOOT}", f"i-1 {REQUEST}"]
    transcripts.check(PAGE, "logs", "./anb logs --target local", read.stdout)


def test_its_address_is_told(operator: Operator) -> None:
    (balancer,) = operator.client("elbv2").describe_load_balancers()["LoadBalancers"]
    # Any browser would do nothing: without a display it is printed alone.
    told = operator.run("open", settings={"DISPLAY": "", "WAYLAND_DISPLAY": ""})
    assert (told.returncode, told.stdout) == (0, f"http://{balancer['DNSName']}\n"), told.stderr
    transcripts.check(PAGE, "open", "./anb open --target local", told.stdout)


def test_workers_are_added_and_taken_away_at_once(operator: Operator) -> None:
    more = operator.run("scale", "worker", "2")
    assert more.returncode == 0, more.stderr
    assert "anb-local-worker-asg: 1 -> 2" in more.stdout
    transcripts.check(PAGE, "scale", "./anb scale worker 2 --target local", more.stdout)
    fewer = operator.run("scale", "worker", "1")
    assert fewer.returncode == 0, fewer.stderr
    refused = operator.run("scale", "worker", "4")
    assert refused.returncode == 1
    assert "Set worker_max_size in environments/local.toml, and ./anb deploy." in refused.stderr


def test_without_a_former_release_of_a_commit_nothing_is_rolled_back(operator: Operator) -> None:
    refused = operator.run("rollback", "--yes")
    assert refused.returncode == 1
    assert "The release to go back to, the sources " in refused.stderr
    assert "was not built from a commit alone, so it cannot be built again." in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_release_before_comes_back(operator: Operator) -> None:
    good, before = git("rev-parse", "HEAD"), operator.releases()
    # The next commit of somebody, on no branch.
    bad = git("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "A release that somebody regrets")
    operator.put_release(bad)
    deployed = operator.deploy("--yes")
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    assert operator.releases() != before

    back = operator.run("rollback", typed="y\ny\n")

    assert back.returncode == 0, back.stdout + back.stderr
    assert f"¿Deseas volver a 0.1.0 of commit {good[:12]}? (y/n): y" in back.stdout
    assert f"{QUESTION}y" in back.stdout
    assert re.search(r'user_data: RELEASE="\w+ -> RELEASE="', back.stdout.replace("…", "")), back.stdout
    assert operator.releases() == before, "the same content, so the same hash"
    told = operator.run("status")
    assert told.returncode == 0, told.stdout
    assert told.stdout.count(f"0.1.0 of commit {good[:12]}") == 4, "of both services, and of both their instances"
    transcripts.check(
        PAGE,
        "rollback",
        "./anb rollback --target local",
        back.stdout,
        left_out=transcripts.EACH_RESOURCE,
        order=transcripts.STACKS,
    )
