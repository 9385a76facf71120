"""`anb logs` of a deployment: by time, each line once, none lost that comes late."""

from __future__ import annotations

import time
from typing import Any

import click.testing
import pytest

from operations.__main__ import anb
from operations.deploy.target import Target
from operations.deployed import logs as lines_of
from operations.deployed.logs import Reader, seconds_of, show
from operations.deployed.scaling import log_group
from workspace.errors import UserError


def run(*arguments: str) -> click.testing.Result:
    return click.testing.CliRunner().invoke(anb, ["logs", *arguments])


def write(where: Target, service: str, stream: str, *lines: tuple[int, str]) -> None:
    """Lines, each with how many seconds ago it was written."""
    logs, group = where.client("logs"), log_group(where, service)
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        logs.create_log_group(logGroupName=group)
    if not logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=stream)["logStreams"]:
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    now = int(time.time() * 1000)
    events = [{"timestamp": now - ago * 1000, "message": text} for ago, text in lines]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def words(output: str) -> list[str]:
    return [line.split(" ", 1)[1] for line in output.splitlines()]


@pytest.fixture
def written(where: Target) -> Target:
    write(where, "portal", "i-1", (90, "first"), (30, "third"))
    write(where, "worker", "i-2", (60, "second"), (10, "fifth"))
    write(where, "portal", "boot/i-1", (20, "fourth"))
    return where


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), ["i-1 first", "i-2 second", "i-1 third", "boot/i-1 fourth", "i-2 fifth"]),
        (("portal",), ["i-1 first", "i-1 third"]),
        (("worker",), ["i-2 second", "i-2 fifth"]),
        (("boot",), ["boot/i-1 fourth"]),
        (("--lines", "2"), ["boot/i-1 fourth", "i-2 fifth"]),
        (("--lines", "0"), []),
        (("--since", "45s"), ["i-1 third", "boot/i-1 fourth", "i-2 fifth"]),
    ],
)
def test_lines_are_in_the_order_of_time_with_their_streams(
    written: Target, arguments: tuple[str, ...], expected: list[str]
) -> None:
    shown = run(*arguments, "--target", "local")
    assert (shown.exit_code, words(shown.output)) == (0, expected)


def test_following_shows_each_line_once_and_late_ones_too(where: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    write(where, "portal", "i-1", (5, "before"))
    more = iter([("i-1", (0, "now")), ("i-2", (30, "late")), None])
    told: list[str] = []

    def pause(_seconds: float) -> None:
        come = next(more)
        if come is None:
            raise KeyboardInterrupt
        write(where, "portal", *come)

    monkeypatch.setattr(lines_of.time, "sleep", pause)
    reader = Reader(where.client("logs"), [log_group(where, "portal")], boot=False, since=0)
    show(reader, told.append, lines=10, follow=True)
    assert words("\n".join(told)) == ["i-1 before", "i-1 now", "i-2 late"]


def test_ctrl_c_is_no_error(written: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lines_of.time, "sleep", interrupted)
    followed = run("worker", "--follow", "--target", "local")
    assert (followed.exit_code, words(followed.output)) == (0, ["i-2 second", "i-2 fifth"])


def test_without_a_deployment_it_says_so(where: Target) -> None:
    refused = run("worker", "--target", "local")
    assert refused.exit_code == 1
    assert f"There is no log group {log_group(where, 'worker')}. Look at --environment" in refused.output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("boot",), "boot and --since are of a deployment: say which with --target or --environment."),
        (("--since", "2h"), "boot and --since are of a deployment"),
        (("database", "--target", "local"), "A deployment has no logs of database; it has those of portal, worker and"),
        (("--since", "soon", "--target", "local"), "--since is 'soon'; allowed is a number with s, m, h or d"),
    ],
)
def test_what_cannot_be_asked_for_is_said(where: Target, arguments: tuple[str, ...], sentence: str) -> None:
    refused = run(*arguments)
    assert (refused.exit_code, sentence in refused.output) == (1, True)


@pytest.mark.parametrize(("given", "seconds"), [("30s", 30), ("15m", 900), ("2h", 7200), ("1d", 86400)])
def test_lengths_of_time(given: str, seconds: int) -> None:
    assert seconds_of(given) == seconds


@pytest.mark.parametrize("given", ["", "15", "m", "0m", "-1m", "1.5h", "1w"])
def test_what_is_no_length_of_time(given: Any) -> None:
    with pytest.raises(UserError, match="allowed is a number with s, m, h or d"):
        seconds_of(given)
