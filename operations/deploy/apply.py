"""Applies the stacks, each when those it needs are done, showing each resource as it is made."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from rich.console import Console

from operations.deploy.events import ResourceEvent, read_event
from operations.deploy.interruption import AGAIN, Interruption
from operations.deploy.plan import Basis, StackPlan, from_terraform
from operations.deploy.planning import Planned
from operations.deploy.scheduler import Scheduler
from operations.deploy.show import counted
from operations.deploy.stack_graph import StackNode
from operations.deploy.states import TerraformState
from operations.deploy.terraform_stack import TerraformStack
from workspace.errors import UserError
from workspace.progress import Board, Step

Confirm = Callable[[StackPlan], None]
"""Asked about a stack that was planned again; raises when it must not be applied."""


def apply_all(
    planned: Planned, stacks: Sequence[TerraformStack], console: Console, folder: Path, confirm: Confirm
) -> dict[str, TerraformState]:
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
    by_name = {each.stack.name: each for each in stacks}
    states = dict(planned.states)
    interruption, board = Interruption(), Board(console)
    scheduler = Scheduler({name: each.stack.after for name, each in by_name.items()}, interruption, board)

    def apply(name: str) -> None:
        each, part = by_name[name], parts[name]
        if part.basis is not Basis.TERRAFORM or reads_something_new(each.stack, planned.states, states):
            part = plan_stack(each, "planning again what follows from the stacks before", board, interruption)
            scheduler.ask(name, lambda: confirm(part))
        if part.applies:
            apply_plan(part, each, board, apply_log(folder, name), interruption)
            states[name] = each.pull()
        each.forget_plan()

    scheduler.run(apply)
    return states


def plan_stack(
    each: TerraformStack, title: str, board: Board, interruption: Interruption, *, destroy: bool = False
) -> StackPlan:
    """Plan a stack while others are applied.

    Args:
        each: the stack.
        title: of the step that is shown.
        board: where it is shown.
        interruption: may stop it.
        destroy: whether everything is to go.

    Raises:
        UserError: Terraform cannot plan it, or somebody interrupted.
    """
    with board.step(f"{each.stack.name}: {title}", name=each.stack.name) as current:
        try:
            part = from_terraform(each.stack, each.plan(destroy=destroy))
        except UserError:
            # The terminal sends Ctrl-C to this Terraform too.
            interruption.check()
            raise
        current.note(counted(list(part.changes)))
    return part


def apply_log(folder: Path, stack: str) -> Path:
    """Where the output of a stack's last apply is.

    Args:
        folder: of the deployment.
        stack: its name.
    """
    return folder / "logs" / f"{stack}.apply.jsonl"


def reads_something_new(
    stack: StackNode, before: Mapping[str, TerraformState], now: Mapping[str, TerraformState]
) -> bool:
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


def apply_plan(part: StackPlan, each: TerraformStack, board: Board, log: Path, interruption: Interruption) -> None:
    """Apply the plan that a stack keeps.

    Args:
        part: what the plan says.
        each: the stack.
        board: where the progress is shown.
        log: gets Terraform's output.
        interruption: may stop it.

    Raises:
        UserError: Terraform failed, or somebody stopped it.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with board.step(f"{part.stack}: {counted(list(part.changes))}", name=part.stack) as current:
        progress = ApplyProgress(part, each.stack.paths(), board, current)
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
                progress.take(line)
        if process.returncode != 0:
            if interruption.now:
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


class ApplyProgress:
    """How far a stack is.

    Args:
        part: its plan.
        paths: the constructs' paths by address; they begin with the stack's name.
        board: gets a line for each resource that is done.
        current: the step on show.
    """

    def __init__(self, part: StackPlan, paths: Mapping[str, str], board: Board, current: Step) -> None:
        self._stack, self._paths, self._board, self._step = part.stack, paths, board, current
        # A replacement is two events, of which the last one counts.
        self._all = {change.address for change in part.changes}
        self._done: set[str] = set()
        self._under_way: dict[str, float] = {}

    def take(self, line: str) -> None:
        """Show what a line of Terraform's tells."""
        event = read_event(line) if line else None
        if isinstance(event, ResourceEvent):
            path = self._paths.get(event.address, f"{self._stack}/{event.address}")
            if event.stage == "begins":
                self._under_way[path] = time.monotonic() - event.seconds
            elif event.stage in ("done", "failed"):
                began = self._under_way.pop(path, time.monotonic())
                seconds = max(float(event.seconds), time.monotonic() - began)
                word = event.done if event.stage == "done" else "failed "
                if event.stage == "done":
                    self._done.add(event.address)
                self._board.print(
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
