"""Commands with and without a running system."""

from __future__ import annotations

import socket

import pytest
import requests

from emulator import aws
from tests.commands import Commands
from tests.integration.local.conftest import Started
from tests.integration.local.portal import sign_in


def test_second_up_prints_url_of_the_first(started: Started) -> None:
    anb = started.anb
    for arguments in (("up", "--no-infra"), ("up", "--no-infra", "--detach")):
        second = anb.run(*arguments)
        assert (second.returncode, second.stderr) == (1, f"Error: Already up at {anb.url}. ./anb down stops it.\n")
    assert requests.get(f"{anb.url}/health", timeout=30).json()["status"] == "healthy"


def test_queue_is_shown_and_dead_letters_moved_back(started: Started) -> None:
    anb = started.anb
    shown = anb.run("queue")
    assert shown.returncode == 0, shown.stderr
    assert "dead letters" in shown.stdout and "worked on" in shown.stdout
    empty = anb.run("queue", "redrive", "--reason", "to see")
    assert empty.stdout == "There are no dead letters.\n"
    sqs = aws.client("sqs", anb.state().children["aws"].port or 0)
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="local-videos-dlq")["QueueUrl"], MessageBody="{")
    assert "'{'" in anb.run("queue").stdout
    moved = anb.run("queue", "redrive", "--reason", "to see")
    assert moved.stdout == "Dead letters moved back to the queue: 1. Reason: to see\n"


def test_moderator_rights_are_granted_and_revoked(started: Started) -> None:
    anb = started.anb
    unknown = anb.run("moderator", "grant", "unknown@anb.example")
    assert (unknown.returncode, "unknown@anb.example has no account" in unknown.stderr) == (1, True)
    headers = sign_in(anb.url)
    log = f"{anb.url}/api/moderation/log"
    assert requests.get(log, headers=headers, timeout=30).status_code == 403
    assert anb.run("moderator", "grant", "ana@anb.example").stdout == "ana@anb.example is now a moderator\n"
    assert requests.get(log, headers=headers, timeout=30).status_code == 200
    assert anb.run("moderator", "revoke", "ana@anb.example").returncode == 0
    assert requests.get(log, headers=headers, timeout=30).status_code == 403


@pytest.mark.parametrize(
    ("arguments", "code", "output"),
    [
        (("status",), 0, "Nothing is up. Start it with ./anb up.\n"),
        (("down",), 0, "Nothing is up.\n"),
        (("logs",), 1, "There are no logs in"),
        (("queue",), 1, "Nothing is up"),
        (("moderator", "grant", "ana@anb.example"), 1, "Nothing is up"),
        (("up", "--port", "99999"), 2, "99999"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_command_without_running_system(unused: Commands, arguments: tuple[str, ...], code: int, output: str) -> None:
    result = unused.run(*arguments)
    assert result.returncode == code
    assert result.stdout == output if code == 0 else output in result.stderr


def test_port_in_use_names_port_and_option(unused: Commands) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", unused.port))
        taken.listen()
        refused = unused.up("--no-infra")
    assert refused.returncode == 1
    assert f"Error: Port {unused.port} for the portal cannot be used" in refused.stdout
    assert "Choose another one with --port." in refused.stdout
    assert unused.run("status").stdout.startswith("Nothing is up.")
