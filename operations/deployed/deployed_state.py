"""Reads what stands of an environment from its Terraform states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from operations.deploy.planning import read_states
from operations.deploy.states import TerraformState
from operations.deploy.target import Target
from operations.deploy.terraform_stack import TerraformStack, stacks_of
from operations.doctor import preflight
from operations.doctor.findings import problems
from workspace.cdktf import Deployment, Tools
from workspace.errors import UserError
from workspace.progress import step


@dataclass(frozen=True)
class DeployedStacks:
    """What stands.

    Args:
        stacks: in the order they are applied.
        states: by stack.
    """

    stacks: Sequence[TerraformStack]
    states: Mapping[str, TerraformState]

    def output(self, name: str) -> str:
        """An output of any stack; empty where no applied one has it."""
        found = [str(state.outputs[name]) for state in self.states.values() if state.outputs.get(name)]
        return found[0] if found else ""

    def attributes(self, kind: str) -> list[Mapping[str, Any]]:
        """Of all resources of a type."""
        return [at for state in self.states.values() for type_, _, at in state.resources if type_ == kind]


def read(target: Target, console: Console) -> DeployedStacks:
    """What stands of an environment.

    Args:
        target: which, and where.
        console: where the progress is shown.

    Raises:
        UserError: the credentials or the state cannot be used, or nothing is deployed.
    """
    wrong = problems(preflight.look(target).findings)
    if wrong:
        raise UserError("\n".join(str(finding) for finding in wrong))
    with step("Synthesizing the stacks", console):
        deployment = Deployment(target.folder, Tools.ensure(cdktf_cli=False), target.variables)
        deployment.synthesize()
    stacks = stacks_of(deployment)
    with step("Reading the states", console):
        states = read_states(stacks)
    if all(state.empty for state in states.values()):
        raise UserError(
            f"Nothing is deployed of the environment {target.environment}: its states are empty. Look at --environment "
            "and at the settings state_backend and state_directory."
        )
    return DeployedStacks(stacks, states)
