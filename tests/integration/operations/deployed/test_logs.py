"""`anb logs` of a deployment: sorted by time, each line once, late lines included."""

from __future__ import annotations

import time
from typing import Any

import click.testing
import pytest

from operations.__main__ import anb
from operations.deploy.target import Target
from operations.deployed import logs as cloudwatch_logs
from operations.deployed.logs import Reader, parse_duration, write_lines
from operations.deployed.scaling import log_group
from workspace.errors import UserError


def run(*arguments: str) -> click.testing.Result:
    return click.testing.CliRunner().invoke(anb, ["logs", *arguments])


def write(target: Target, service: str, stream: str, *lines: tuple[int, str]) -> None:
    """Write lines, given with their age in seconds."""
    logs, group = target.client("logs"), log_group(target, service)
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        logs.create_log_group(logGroupName=group)
    if not logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=stream)["logStreams"]:
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    now = int(time.time() * 1000)
    events = [{"timestamp": now - ago * 1000, "message": text} for ago, text in lines]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def without_times(output: str) -> list[str]:
    return [line.split(" ", 1)[1] for line in output.splitlines()]


@pytest.fixture
def target_with_logs(target: Target) -> Target:
    write(target, "portal", "i-1", (90, "first"), (30, "third"))
    write(target, "worker", "i-2", (60, "second"), (10, "fifth"))
    write(target, "portal", "boot/i-1", (20, "fourth"))
    return target


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
def test_lines_are_sorted_by_time_and_have_streams(
    target_with_logs: Target, arguments: tuple[str, ...], expected: list[str]
) -> None:
    shown = run(*arguments, "--target", "local")
    assert (shown.exit_code, without_times(shown.output)) == (0, expected)


def test_follow_shows_new_and_late_lines_once(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    write(target, "portal", "i-1", (5, "before"))
    pending = iter([("i-1", (0, "now")), ("i-2", (30, "late")), None])
    shown: list[str] = []

    def pause(_seconds: float) -> None:
        line = next(pending)
        if line is None:
            raise KeyboardInterrupt
        write(target, "portal", *line)

    monkeypatch.setattr(cloudwatch_logs.time, "sleep", pause)
    reader = Reader(target.client("logs"), [log_group(target, "portal")], boot=False, since=0)
    write_lines(reader, shown.append, lines=10, follow=True)
    assert without_times("\n".join(shown)) == ["i-1 before", "i-1 now", "i-2 late"]


def test_ctrl_c_exits_with_0(target_with_logs: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cloudwatch_logs.time, "sleep", interrupt)
    followed = run("worker", "--follow", "--target", "local")
    assert (followed.exit_code, without_times(followed.output)) == (0, ["i-2 second", "i-2 fifth"])


def test_missing_log_group_is_an_error(target: Target) -> None:
    result = run("worker", "--target", "local")
    assert result.exit_code == 1
    assert f"The log group {log_group(target, 'worker')} does not exist. Check --environment" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("boot",), "boot and --since need a deployment. Choose one with --target or --environment."),
        (("--since", "2h"), "boot and --since need a deployment"),
        (
            ("database", "--target", "local"),
            "program is 'database'; for a deployment it must be portal, worker or boot",
        ),
        (("--since", "soon", "--target", "local"), "--since is 'soon'; must be a number with the unit s, m, h or d"),
    ],
)
def test_invalid_arguments_are_errors(target: Target, arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, message in result.output) == (1, True)


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("15m", 900), ("2h", 7200), ("1d", 86400)])
def test_durations(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "15", "m", "0m", "-1m", "1.5h", "1w"])
def test_invalid_durations(text: Any) -> None:
    with pytest.raises(UserError, match="must be a number with the unit s, m, h or d"):
        parse_duration(text)
