"""Read what is deployed of an environment from its Terraform states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from operations.deploy.planning import read_states
from operations.deploy.states import TerraformState
from operations.deploy.target import Target
from operations.deploy.terraform_stack import TerraformStack, terraform_stacks
from operations.doctor import preflight
from operations.doctor.findings import problems
from workspace.cdktf import Deployment, Tools
from workspace.errors import UserError
from workspace.progress import step


@dataclass(frozen=True)
class DeployedStacks:
    """The stacks of an environment and their states.

    Args:
        stacks: All stacks, in dependency order.
        states: States by stack.
    """

    stacks: Sequence[TerraformStack]
    states: Mapping[str, TerraformState]

    def output(self, name: str) -> str:
        """An output of any stack; empty if no applied stack has it."""
        return next((str(state.outputs[name]) for state in self.states.values() if state.outputs.get(name)), "")

    def attributes(self, kind: str) -> list[Mapping[str, Any]]:
        """Attributes of all resources of a type."""
        return [at for state in self.states.values() for type_, _, at in state.resources if type_ == kind]


def read(target: Target, console: Console) -> DeployedStacks:
    """Read the states of an environment.

    Args:
        target: The environment and its AWS.
        console: Shows the progress.

    Raises:
        UserError: The credentials or a state are not usable, or nothing is deployed.
    """
    errors = problems(preflight.check(target).findings)
    if errors:
        raise UserError("\n".join(str(finding) for finding in errors))
    with step("Synthesizing the stacks", console):
        deployment = Deployment(target.folder, Tools.ensure(cdktf_cli=False), target.variables)
        deployment.synthesize()
    stacks = terraform_stacks(deployment)
    with step("Reading the states", console):
        states = read_states(stacks)
    if all(state.empty for state in states.values()):
        raise UserError(
            f"The environment {target.environment} is not deployed: its states are empty. Check --environment and the "
            "settings state_backend and state_directory."
        )
    return DeployedStacks(stacks, states)
