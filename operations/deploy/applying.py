"""Applies the stacks in turn, showing each resource as it is made."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from rich.console import Console

from operations import signals
from operations.deploy.events import ResourceEvent, read_event
from operations.deploy.order import Stack
from operations.deploy.plan import Basis, StackPlan, from_terraform
from operations.deploy.planning import Planned
from operations.deploy.show import counted
from operations.deploy.states import State
from operations.deploy.terraform_stack import TerraformStack
from operations.errors import UserError
from operations.steps import Step, step

AGAIN = "What was made is in the state: run the command again, and it goes on from there."

_AFTER_THIS = "Stopping when this stack is done. Ctrl-C once more stops Terraform in the middle of it."

Confirm = Callable[[StackPlan], None]
"""Asked about a stack that was planned again; raises when it must not be applied."""


class Interruption:
    """Ctrl-C and SIGTERM.

    Told to stop, Terraform's provider gives up what it waits for, and the state does not know what becomes of that. So
    the first Ctrl-C ends the deployment after the stack under way; a second one, or SIGTERM, stops Terraform itself.
    """

    def __init__(self) -> None:
        self.asked = False
        self.now = False
        self._running: subprocess.Popen[bytes] | None = None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take the signals while the block runs."""
        with signals.taken_by(self._take):
            yield

    @contextmanager
    def passed_on_to(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """Stop a process when Terraform itself is to stop while the block runs."""
        self._running = process
        try:
            if self.now:
                process.send_signal(signal.SIGINT)
            yield
        finally:
            self._running = None

    def check(self) -> None:
        """Raise when somebody asked for the end.

        Raises:
            UserError: somebody did.
        """
        if self.asked:
            raise UserError(f"Interrupted. {AGAIN}")

    def _take(self, number: int, _frame: FrameType | None) -> None:
        self.now = self.asked or number == signal.SIGTERM
        self.asked = True
        if self.now and self._running is not None and self._running.poll() is None:
            self._running.send_signal(signal.SIGINT)


def apply_all(
    planned: Planned, stacks: Sequence[TerraformStack], console: Console, folder: Path, confirm: Confirm
) -> dict[str, State]:
    """Apply the plan; returns what stands afterwards.

    A stack is planned again when outputs that it reads have changed, or could not be read before.

    Args:
        planned: what was confirmed.
        stacks: in order.
        console: where the progress is shown.
        folder: of the deployment; gets Terraform's output.
        confirm: asked about what is planned again.

    Raises:
        UserError: Terraform failed, somebody interrupted, or something new was not confirmed.
    """
    parts = {part.stack: part for part in planned.plan.stacks}
    states = dict(planned.states)
    interruption = Interruption()
    for each in stacks:
        name = each.stack.name
        part = parts[name]
        if part.basis is not Basis.TERRAFORM or reads_something_new(each.stack, planned.states, states):
            with step(f"{name}: planning again what follows from the stacks before", console) as current:
                part = from_terraform(each.stack, each.plan())
                current.note(counted(list(part.changes)))
            confirm(part)
        if part.applies:
            apply_plan(part, each, console, apply_log(folder, name), interruption)
            states[name] = each.state()
        each.forget_plan()
    return states


def apply_log(folder: Path, stack: str) -> Path:
    """Where the output of a stack's last apply is.

    Args:
        folder: of the deployment.
        stack: its name.
    """
    return folder / "logs" / f"{stack}.apply.jsonl"


def reads_something_new(stack: Stack, before: Mapping[str, State], now: Mapping[str, State]) -> bool:
    """Whether an output that a stack reads is not what it was.

    Args:
        stack: which.
        before, now: the states by stack.
    """
    return any(
        before[name].outputs.get(output) != now[name].outputs.get(output)
        for name, outputs in stack.reads.items()
        for output in outputs
    )


def apply_plan(part: StackPlan, each: TerraformStack, console: Console, log: Path, interruption: Interruption) -> None:
    """Apply the plan that a stack keeps.

    Args:
        part: what the plan says.
        each: the stack.
        console: where the progress is shown.
        log: gets Terraform's output.
        interruption: taken while it goes on.

    Raises:
        UserError: Terraform failed, or somebody interrupted.
    """
    with interruption.listening():
        _apply(part, each, console, log, interruption)
        interruption.check()


def _apply(part: StackPlan, each: TerraformStack, console: Console, log: Path, interruption: Interruption) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with step(f"{part.stack}: {counted(list(part.changes))}", console) as current:
        progress = Progress(part, each.stack.paths(), console, current)
        # Into a file and in a session of its own: should this process be killed, Terraform still ends in order.
        with log.open("wb") as output:
            process = subprocess.Popen(
                each.apply_command(),
                cwd=each.stack.folder,
                env=dict(each.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        with interruption.passed_on_to(process):
            for line in _lines(log, process):
                progress.stopping(asked=interruption.asked, now=interruption.now)
                progress.take(line)
        if process.returncode != 0:
            interruption.check()
            text = log.read_text(errors="replace")
            problem = each.failed(text, text)
            raise UserError(f"{problem.message}\n{AGAIN} The whole output is in {log}.")


def _lines(log: Path, process: subprocess.Popen[bytes]) -> Iterator[str]:
    """The lines of a file as a process writes them, an empty one when there is none for a while, until it ends."""
    partial = ""
    with log.open(errors="replace") as file:
        while True:
            ended = process.poll() is not None
            # Read after the question: what was written before the end is not lost.
            *whole, partial = (partial + file.read()).split("\n")
            yield from whole
            if ended:
                return
            yield ""
            time.sleep(0.2)


class Progress:
    """How far a stack is.

    Args:
        part: its plan.
        paths: the constructs' paths by address.
        console: gets a line for each resource that is done.
        current: the step on show.
    """

    def __init__(self, part: StackPlan, paths: Mapping[str, str], console: Console, current: Step) -> None:
        self._paths, self._console, self._step = paths, console, current
        # A replacement is two events, of which the last one counts.
        self._all = {change.address for change in part.changes}
        self._done: set[str] = set()
        self._under_way: dict[str, float] = {}
        self._said = ""

    def stopping(self, *, asked: bool, now: bool) -> None:
        """Say what an interruption does.

        Args:
            asked: whether there was one.
            now: whether Terraform itself stops.
        """
        said = "Stopping Terraform in the middle of its work." if now else _AFTER_THIS if asked else ""
        if said != self._said:
            self._said = said
            self._console.print(said, style="yellow", soft_wrap=True)

    def take(self, line: str) -> None:
        """Show what a line of Terraform's tells."""
        event = read_event(line) if line else None
        if isinstance(event, ResourceEvent):
            path = self._paths.get(event.address, event.address)
            if event.stage == "begins":
                self._under_way[path] = time.monotonic() - event.seconds
            elif event.stage in ("done", "failed"):
                began = self._under_way.pop(path, time.monotonic())
                seconds = max(float(event.seconds), time.monotonic() - began)
                word = event.done if event.stage == "done" else "failed "
                if event.stage == "done":
                    self._done.add(event.address)
                self._console.print(
                    f"    {word:<9} {path}  {event.address.partition('.')[0]}  {seconds:.0f} s",
                    style="dim" if event.stage == "done" else "red",
                    highlight=False,
                    markup=False,
                    soft_wrap=True,
                )
        note = f"{len(self._done & self._all)} of {len(self._all)}"
        if self._under_way:
            slowest, began = min(self._under_way.items(), key=lambda each: each[1])
            note += f", {slowest} for {time.monotonic() - began:.0f} s"
        self._step.note(note)
