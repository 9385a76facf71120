"""Commands for the shared deployment: `status`, `logs`, `open`, `scale` and `rollback`, in this order."""

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
    identity = ["-c", "user.name=Ana", "-c", "user.email=ana@example.com"]
    return subprocess.run(
        ["git", *identity, *arguments], cwd=paths.ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_status_of_a_healthy_deployment(operator: Operator) -> None:
    status = operator.run("status")

    assert status.returncode == 0, status.stdout + status.stderr
    assert "Site: http://" in status.stdout
    assert "not applied" not in status.stdout
    assert f"Release of the portal: 0.1.0 of commit {git('rev-parse', 'HEAD')[:12]}, since " in status.stdout
    lines = status.stdout.splitlines()
    for group in ("anb-local-api-asg", "anb-local-worker-asg"):
        assert any(group in line and "InService" in line and " of commit " in line for line in lines)
    assert "✓ No problems found." in status.stdout
    transcripts.check(PAGE, "status", "./anb status --target local", status.stdout)


def test_active_alarm_makes_the_exit_code_1(operator: Operator) -> None:
    cloudwatch, name = operator.client("cloudwatch"), "anb-local-sqs-dlq-messages"
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="One message.")
    status = operator.run("status")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="No messages.")

    assert status.returncode == 1, status.stdout + status.stderr
    assert f"✗ Alarm {name} is in ALARM: One message." in status.stdout


def test_logs_of_all_instances_are_sorted_by_time(operator: Operator) -> None:
    logs, now = operator.client("logs"), int(time.time() * 1000)
    for service, stream, age, text in (("portal", "i-1", 20, REQUEST), ("worker", "boot/i-2", 30, BOOT)):
        logs.create_log_stream(logGroupName=f"/anb/anb-local/{service}", logStreamName=stream)
        event = {"timestamp": now - age * 1000, "message": text}
        logs.put_log_events(logGroupName=f"/anb/anb-local/{service}", logStreamName=stream, logEvents=[event])

    logs_output = operator.run("logs")

    assert logs_output.returncode == 0, logs_output.stderr
    lines = [line.split(" ", 1)[1] for line in logs_output.stdout.splitlines()]
    assert lines == [f"boot/i-2 {BOOT}", f"i-1 {REQUEST}"]
    transcripts.check(PAGE, "logs", "./anb logs --target local", logs_output.stdout)


def test_open_prints_the_address(operator: Operator) -> None:
    (balancer,) = operator.client("elbv2").describe_load_balancers()["LoadBalancers"]
    # Without a display no browser is opened.
    opened = operator.run("open", settings={"DISPLAY": "", "WAYLAND_DISPLAY": ""})
    assert (opened.returncode, opened.stdout) == (0, f"http://{balancer['DNSName']}\n"), opened.stderr
    transcripts.check(PAGE, "open", "./anb open --target local", opened.stdout)


def test_scale_changes_the_number_of_workers(operator: Operator) -> None:
    more = operator.run("scale", "worker", "2")
    assert more.returncode == 0, more.stderr
    assert "anb-local-worker-asg: 1 -> 2" in more.stdout
    transcripts.check(PAGE, "scale", "./anb scale worker 2 --target local", more.stdout)
    fewer = operator.run("scale", "worker", "1")
    assert fewer.returncode == 0, fewer.stderr
    refused = operator.run("scale", "worker", "4")
    assert refused.returncode == 1
    assert "Fix: set worker_max_size in environments/local.toml and run ./anb deploy." in refused.stderr


def test_rollback_needs_a_release_built_from_a_commit(operator: Operator) -> None:
    refused = operator.run("rollback", "--yes")
    assert refused.returncode == 1
    assert "the sources " in refused.stderr
    assert "cannot be built again because it was not built from a clean commit." in refused.stderr
    assert "Traceback" not in refused.stderr


def test_rollback_restores_the_previous_release(operator: Operator) -> None:
    good, before = git("rev-parse", "HEAD"), operator.releases()
    # A new commit that is on no branch.
    bad = git("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "A release to roll back")
    operator.put_release(bad)
    deployed = operator.deploy("--yes")
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    assert operator.releases() != before

    back = operator.run("rollback", typed="y\ny\n")

    assert back.returncode == 0, back.stdout + back.stderr
    assert f"¿Deseas volver a 0.1.0 of commit {good[:12]}? (y/n): y" in back.stdout
    assert f"{QUESTION}y" in back.stdout
    assert re.search(r'user_data: RELEASE="\w+ -> RELEASE="', back.stdout.replace("…", "")), back.stdout
    assert operator.releases() == before, "the same content has the same hash"
    status = operator.run("status")
    assert status.returncode == 0, status.stdout
    assert status.stdout.count(f"0.1.0 of commit {good[:12]}") == 4, "two services and their two instances"
    transcripts.check(
        PAGE,
        "rollback",
        "./anb rollback --target local",
        back.stdout,
        omitted=transcripts.EACH_RESOURCE,
        order=transcripts.STACKS,
    )
