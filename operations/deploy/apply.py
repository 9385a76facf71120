"""Apply the stacks in dependency order and show the progress of each resource."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from rich.console import Console

from operations.deploy.events import ResourceEvent, read_event
from operations.deploy.interruption import RESUME_HINT, Interruption
from operations.deploy.plan import Basis, StackPlan, from_terraform
from operations.deploy.planning import PlanningResult
from operations.deploy.scheduler import StackScheduler
from operations.deploy.show import count_actions
from operations.deploy.stack_graph import StackNode
from operations.deploy.states import TerraformState
from operations.deploy.terraform_stack import TerraformStack
from workspace.errors import UserError
from workspace.progress import Board, Step

Confirm = Callable[[StackPlan], None]
"""Confirms a stack that was planned again; raises when it must not be applied."""


def apply_all(
    planned: PlanningResult, stacks: Sequence[TerraformStack], console: Console, folder: Path, confirm: Confirm
) -> dict[str, TerraformState]:
    """Apply the plan and return the states afterwards, by stack.

    A stack is planned again when outputs that it reads have changed or were missing before.

    Args:
        planned: The confirmed plan.
        stacks: All stacks, in dependency order.
        console: Shows the progress.
        folder: Folder of the deployment; receives Terraform's output.
        confirm: Confirms the stacks that are planned again.

    Raises:
        UserError: Terraform failed, the run was interrupted, or a new change was declined.
    """
    stack_plans = {stack_plan.stack: stack_plan for stack_plan in planned.plan.stacks}
    by_name = {terraform.stack.name: terraform for terraform in stacks}
    states = dict(planned.states)
    interruption, board = Interruption(), Board(console)
    dependencies = {name: terraform.stack.dependencies for name, terraform in by_name.items()}
    scheduler = StackScheduler(dependencies, interruption, board)

    def apply(name: str) -> None:
        terraform, stack_plan = by_name[name], stack_plans[name]
        if stack_plan.basis is not Basis.TERRAFORM or inputs_changed(terraform.stack, planned.states, states):
            stack_plan = plan_stack(terraform, "planning again with new inputs", board, interruption)
            scheduler.ask(name, lambda: confirm(stack_plan))
        if stack_plan.applyable:
            apply_plan(stack_plan, terraform, board, apply_log(folder, name), interruption)
            states[name] = terraform.pull_state()
        terraform.delete_plan()

    scheduler.run(apply)
    return states


def plan_stack(
    terraform: TerraformStack, title: str, board: Board, interruption: Interruption, *, destroy: bool = False
) -> StackPlan:
    """Plan one stack while others are applied.

    Args:
        terraform: The stack.
        title: Title of the step.
        board: Shows the step.
        interruption: Ends the planning with an error when the run was interrupted.
        destroy: Plan to destroy every resource.

    Raises:
        UserError: Terraform cannot plan the stack, or the run was interrupted.
    """
    with board.step(f"{terraform.stack.name}: {title}", name=terraform.stack.name) as current:
        try:
            stack_plan = from_terraform(terraform.stack, terraform.plan(destroy=destroy))
        except UserError:
            # The terminal sends Ctrl-C to this Terraform too.
            interruption.check()
            raise
        current.note(count_actions(list(stack_plan.changes)))
    return stack_plan


def apply_log(folder: Path, stack: str) -> Path:
    """Path of the output of a stack's last apply.

    Args:
        folder: Folder of the deployment.
        stack: Name of the stack.
    """
    return folder / "logs" / f"{stack}.apply.jsonl"


def inputs_changed(stack: StackNode, before: Mapping[str, TerraformState], now: Mapping[str, TerraformState]) -> bool:
    """Whether an output that a stack reads has changed.

    Args:
        stack: The reading stack.
        before, now: States by stack.
    """
    return any(
        before[name].outputs.get(output) != now[name].outputs.get(output)
        for name, outputs in stack.inputs.items()
        for output in outputs
    )


def apply_plan(
    stack_plan: StackPlan, terraform: TerraformStack, board: Board, log: Path, interruption: Interruption
) -> None:
    """Apply the saved plan of a stack.

    Args:
        stack_plan: Contents of the plan.
        terraform: The stack.
        board: Shows the progress.
        log: Receives Terraform's output.
        interruption: Stops Terraform on request.

    Raises:
        UserError: Terraform failed or was stopped.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    title = f"{stack_plan.stack}: {count_actions(list(stack_plan.changes))}"
    with board.step(title, name=stack_plan.stack) as current:
        progress = ApplyProgress(stack_plan, terraform.stack.paths(), board, current)
        # Output to a file and a separate session: Terraform finishes cleanly even if this process is killed.
        with log.open("wb") as output:
            process = subprocess.Popen(
                terraform.apply_command(),
                cwd=terraform.stack.folder,
                env=dict(terraform.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        with interruption.forwarded_to(process):
            for line in _follow(log, process):
                progress.handle_line(line)
        if process.returncode != 0:
            if interruption.immediate:
                interruption.check()
            text = log.read_text(errors="replace")
            error = terraform.error_from(text, text)
            raise UserError(f"{error.message}\n{RESUME_HINT} Full output: {log}.")


def _follow(log: Path, process: subprocess.Popen[bytes]) -> Iterator[str]:
    """Yield the lines a process writes to a file until it ends; an empty line each time there is no new one."""
    partial = ""
    with log.open(errors="replace") as file:
        while True:
            # Poll before reading, so that output written just before the end is not lost.
            ended = process.poll() is not None
            *complete, partial = (partial + file.read()).split("\n")
            yield from complete
            if ended:
                return
            yield ""
            time.sleep(0.2)


class ApplyProgress:
    """Progress of one stack's apply.

    Args:
        stack_plan: Plan of the stack.
        paths: Construct paths by Terraform address; they begin with the stack's name.
        board: Receives a line for each finished resource.
        current: The step to update.
    """

    def __init__(self, stack_plan: StackPlan, paths: Mapping[str, str], board: Board, current: Step) -> None:
        self._stack, self._paths, self._board, self._step = stack_plan.stack, paths, board, current
        # Addresses, because a replacement has two events and counts once.
        self._planned = {change.address for change in stack_plan.changes}
        self._done: set[str] = set()
        self._started: dict[str, float] = {}

    def handle_line(self, line: str) -> None:
        """Update the progress from one line of Terraform's output."""
        event = read_event(line) if line else None
        if isinstance(event, ResourceEvent):
            path = self._paths.get(event.address, f"{self._stack}/{event.address}")
            if event.stage == "started":
                self._started[path] = time.monotonic() - event.seconds
            elif event.stage in ("done", "failed"):
                started = self._started.pop(path, time.monotonic())
                seconds = max(float(event.seconds), time.monotonic() - started)
                result = event.past_tense if event.stage == "done" else "failed "
                if event.stage == "done":
                    self._done.add(event.address)
                self._board.print(
                    f"    {result:<9} {path}  {event.address.partition('.')[0]}  {seconds:.0f} s",
                    style="dim" if event.stage == "done" else "red",
                    highlight=False,
                    markup=False,
                    soft_wrap=True,
                )
        note = f"{len(self._done & self._planned)} of {len(self._planned)}"
        if self._started:
            slowest, started = min(self._started.items(), key=lambda item: item[1])
            note += f", {slowest} for {time.monotonic() - started:.0f} s"
        self._step.note(note)
