"""Progress by resource, and what the first and the second interruption do."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import pytest
from rich.console import Console

from operations.deploy.apply import ApplyProgress
from operations.deploy.interruption import Interruption
from operations.deploy.plan import Action, Basis, Change, StackPlan
from workspace.errors import UserError
from workspace.progress import Board

PART = StackPlan(
    stack="network",
    basis=Basis.TERRAFORM,
    changes=tuple(
        Change(stack="network", address=f"aws_vpc.{name}", kind="aws_vpc", path=f"network/{name}", action=Action.CREATE)
        for name in ("a", "b")
    ),
)


def line(kind: str, address: str, action: str = "create", **more: Any) -> str:
    return json.dumps({"type": kind, "hook": {"resource": {"addr": address}, "action": action, **more}})


def shown(*lines: str) -> tuple[str, str]:
    """What is written, and the note of the step."""
    output = io.StringIO()
    console = Console(file=output, width=200)
    board = Board(console)
    with board.step("network", name="network") as step:
        output.truncate(0)
        output.seek(0)
        progress = ApplyProgress(PART, {"aws_vpc.a": "network/a", "aws_vpc.b": "network/b"}, board, step)
        for each in lines:
            progress.take(each)
        return output.getvalue(), step.outcome().plain


def test_each_resource_that_is_done_is_a_line_with_its_seconds() -> None:
    begins, done = line("apply_start", "aws_vpc.a"), line("apply_complete", "aws_vpc.a", elapsed_seconds=7)
    written, note = shown(begins, done)
    assert written == "    created   network/a  aws_vpc  7 s\n"
    assert note.endswith("1 of 2")


def test_what_has_been_under_way_longest_is_told() -> None:
    _, note = shown(line("apply_start", "aws_vpc.b"), line("apply_start", "aws_vpc.a"))
    assert "0 of 2, network/b for 0 s" in note


def test_what_failed_is_told_and_not_counted() -> None:
    written, note = shown(line("apply_start", "aws_vpc.a"), line("apply_errored", "aws_vpc.a", elapsed_seconds=3))
    assert written == "    failed    network/a  aws_vpc  3 s\n"
    assert note.endswith("0 of 2")


def test_resource_no_longer_configured_is_shown_with_its_stack() -> None:
    written, _ = shown(line("apply_complete", "aws_vpc.old", "delete", elapsed_seconds=2))
    assert written == "    destroyed network/aws_vpc.old  aws_vpc  2 s\n"


def test_an_interruption_is_announced_once() -> None:
    interruption = Interruption()
    said = [interruption.notice()]
    for _ in range(2):
        with interruption.listening():
            os.kill(os.getpid(), signal.SIGINT)
        said += [interruption.notice(), interruption.notice()]
    assert said == [
        "",
        "Stopping when the stacks under way are done. Ctrl-C once more stops Terraform in the middle of them.",
        "",
        "Stopping Terraform in the middle of its work.",
        "",
    ]


@contextmanager
def terraform() -> Iterator[subprocess.Popen[bytes]]:
    """Stands for Terraform: ends when it is told to, also where the tests run in the background, deaf to Ctrl-C."""
    hear = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(["sleep", "600"], start_new_session=True, preexec_fn=hear) as process:
        yield process
        process.kill()


@pytest.fixture
def program() -> Iterator[subprocess.Popen[bytes]]:
    with terraform() as process:
        yield process


def test_the_first_ctrl_c_reaches_no_terraform_and_the_second_does(program: Any) -> None:
    interruption = Interruption()
    with interruption.listening(), interruption.passed_on_to(program):
        os.kill(os.getpid(), signal.SIGINT)
        assert (interruption.asked, interruption.now, program.poll()) == (True, False, None)
        os.kill(os.getpid(), signal.SIGINT)
        assert program.wait() == -signal.SIGINT
    with pytest.raises(UserError, match="Interrupted. What was made is in the state: run the command again"):
        interruption.check()


def test_sigterm_stops_terraform_at_once(program: Any) -> None:
    interruption = Interruption()
    with interruption.listening(), interruption.passed_on_to(program):
        os.kill(os.getpid(), signal.SIGTERM)
        assert program.wait() == -signal.SIGINT
    assert interruption.now


def test_every_terraform_under_way_is_stopped(program: Any) -> None:
    interruption = Interruption()
    with terraform() as other, interruption.listening(), ExitStack() as under_way:
        for process in (program, other):
            under_way.enter_context(interruption.passed_on_to(process))
        os.kill(os.getpid(), signal.SIGTERM)
        assert [program.wait(), other.wait()] == [-signal.SIGINT] * 2


def test_terraform_started_after_the_stop_is_stopped_too(program: Any) -> None:
    interruption = Interruption()
    with interruption.listening():
        os.kill(os.getpid(), signal.SIGTERM)
        with interruption.passed_on_to(program):
            assert program.wait() == -signal.SIGINT


def test_ctrl_c_ends_a_question() -> None:
    interruption = Interruption()
    with interruption.listening(), pytest.raises(UserError, match="Interrupted"), interruption.raised():
        os.kill(os.getpid(), signal.SIGINT)
    assert (interruption.asked, interruption.now) == (True, False)


def test_without_an_interruption_it_goes_on(program: Any) -> None:
    interruption = Interruption()
    before = signal.getsignal(signal.SIGINT)
    with interruption.listening(), interruption.passed_on_to(program):
        interruption.check()
    assert program.poll() is None and signal.getsignal(signal.SIGINT) is before
