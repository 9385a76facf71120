"""Progress of an apply by resource; first and second interruption."""

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

STACK_PLAN = StackPlan(
    stack="network",
    basis=Basis.TERRAFORM,
    changes=tuple(
        Change(stack="network", address=f"aws_vpc.{name}", kind="aws_vpc", path=f"network/{name}", action=Action.CREATE)
        for name in ("a", "b")
    ),
)


def line(kind: str, address: str, action: str = "create", **more: Any) -> str:
    return json.dumps({"type": kind, "hook": {"resource": {"addr": address}, "action": action, **more}})


def show_progress(*lines: str) -> tuple[str, str]:
    """Return the printed output and the note of the step."""
    output = io.StringIO()
    console = Console(file=output, width=200)
    board = Board(console)
    with board.step("network", name="network") as step:
        output.truncate(0)
        output.seek(0)
        progress = ApplyProgress(STACK_PLAN, {"aws_vpc.a": "network/a", "aws_vpc.b": "network/b"}, board, step)
        for text in lines:
            progress.handle_line(text)
        return output.getvalue(), step.outcome().plain


def test_finished_resource_prints_its_duration() -> None:
    started, done = line("apply_start", "aws_vpc.a"), line("apply_complete", "aws_vpc.a", elapsed_seconds=7)
    written, note = show_progress(started, done)
    assert written == "    created   network/a  aws_vpc  7 s\n"
    assert note.endswith("1 of 2")


def test_note_names_the_longest_running_resource() -> None:
    _, note = show_progress(line("apply_start", "aws_vpc.b"), line("apply_start", "aws_vpc.a"))
    assert "0 of 2, network/b for 0 s" in note


def test_failed_resource_is_printed_and_not_counted() -> None:
    written, note = show_progress(
        line("apply_start", "aws_vpc.a"), line("apply_errored", "aws_vpc.a", elapsed_seconds=3)
    )
    assert written == "    failed    network/a  aws_vpc  3 s\n"
    assert note.endswith("0 of 2")


def test_resource_no_longer_configured_is_shown_with_its_stack() -> None:
    written, _ = show_progress(line("apply_complete", "aws_vpc.old", "delete", elapsed_seconds=2))
    assert written == "    destroyed network/aws_vpc.old  aws_vpc  2 s\n"


def test_interruption_notice_is_returned_once() -> None:
    interruption = Interruption()
    notices = [interruption.notice()]
    for _ in range(2):
        with interruption.listening():
            os.kill(os.getpid(), signal.SIGINT)
        notices += [interruption.notice(), interruption.notice()]
    assert notices == [
        "",
        "Stopping after the running stacks finish. Press Ctrl-C again to stop Terraform now.",
        "",
        "Stopping Terraform now.",
        "",
    ]


@contextmanager
def terraform() -> Iterator[subprocess.Popen[bytes]]:
    """A substitute for Terraform that ends on SIGINT, even if the tests run in the background and ignore it."""
    restore_sigint = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(["sleep", "600"], start_new_session=True, preexec_fn=restore_sigint) as process:
        yield process
        process.kill()


@pytest.fixture
def program() -> Iterator[subprocess.Popen[bytes]]:
    with terraform() as process:
        yield process


def test_second_ctrl_c_stops_terraform(program: Any) -> None:
    interruption = Interruption()
    with interruption.listening(), interruption.forwarded_to(program):
        os.kill(os.getpid(), signal.SIGINT)
        assert (interruption.requested, interruption.immediate, program.poll()) == (True, False, None)
        os.kill(os.getpid(), signal.SIGINT)
        assert program.wait() == -signal.SIGINT
    with pytest.raises(UserError, match="Interrupted. Finished resources are in the state. Run the command again"):
        interruption.check()


def test_sigterm_stops_terraform_at_once(program: Any) -> None:
    interruption = Interruption()
    with interruption.listening(), interruption.forwarded_to(program):
        os.kill(os.getpid(), signal.SIGTERM)
        assert program.wait() == -signal.SIGINT
    assert interruption.immediate


def test_sigterm_stops_every_running_terraform(program: Any) -> None:
    interruption = Interruption()
    with terraform() as other, interruption.listening(), ExitStack() as stack:
        for process in (program, other):
            stack.enter_context(interruption.forwarded_to(process))
        os.kill(os.getpid(), signal.SIGTERM)
        assert [program.wait(), other.wait()] == [-signal.SIGINT] * 2


def test_terraform_started_after_sigterm_is_stopped_too(program: Any) -> None:
    interruption = Interruption()
    with interruption.listening():
        os.kill(os.getpid(), signal.SIGTERM)
        with interruption.forwarded_to(program):
            assert program.wait() == -signal.SIGINT


def test_ctrl_c_ends_a_prompt() -> None:
    interruption = Interruption()
    with interruption.listening(), pytest.raises(UserError, match="Interrupted"), interruption.raised():
        os.kill(os.getpid(), signal.SIGINT)
    assert (interruption.requested, interruption.immediate) == (True, False)


def test_without_a_signal_the_handler_is_restored(program: Any) -> None:
    interruption = Interruption()
    before = signal.getsignal(signal.SIGINT)
    with interruption.listening(), interruption.forwarded_to(program):
        interruption.check()
    assert program.poll() is None and signal.getsignal(signal.SIGINT) is before
