"""Runs Terraform on one synthesized stack."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from operations import project
from operations.cdktf import Deployment
from operations.deploy.events import Diagnostic, diagnostics
from operations.deploy.failures import explain
from operations.deploy.order import Stack, read_stacks
from operations.deploy.states import State, read_state
from operations.errors import UserError

PLAN = "deploy.plan"
_NO_CHANGES, _CHANGES = 0, 2


def stacks_of(deployment: Deployment) -> list[TerraformStack]:
    """The stacks that a deployment has synthesized, in order, each with Terraform."""
    environment = dict(deployment.environment)
    if deployment.provider.downloaded:
        # Else each stack downloads hundreds of megabytes of its own.
        kept = project.OWN / "terraform/plugins"
        kept.mkdir(parents=True, exist_ok=True)
        environment |= {"TF_PLUGIN_CACHE_DIR": str(kept), "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE": "true"}
    return [TerraformStack(stack, deployment.terraform, environment) for stack in read_stacks(deployment.output)]


class TerraformStack:
    """Terraform, in a stack's folder.

    Args:
        stack: the stack.
        program: Terraform itself.
        environment: all of its variables.
    """

    def __init__(self, stack: Stack, program: Path, environment: Mapping[str, str]) -> None:
        self.stack = stack
        self.program = program
        self.environment = {**environment, "TF_IN_AUTOMATION": "1"}

    def state(self) -> State:
        """Get the provider and the backend ready, and read what stands.

        Raises:
            UserError: the provider or the state cannot be had.
        """
        self._run("init", "-input=false", "-json")
        return self.pull()

    def pull(self) -> State:
        """Read what stands, where the provider and the backend are ready.

        Raises:
            UserError: the state cannot be had.
        """
        pulled = self._run("state", "pull")
        return read_state(json.loads(pulled) if pulled.strip() else {})

    def plan(self, *, destroy: bool = False) -> dict[str, Any]:
        """Plan, and keep the plan in the folder.

        Args:
            destroy: whether everything is to be destroyed.

        Returns:
            The plan as ``terraform show -json`` prints it; empty without changes, where showing it would load the
            provider's schema for nothing, 3 seconds of CPU.

        Raises:
            UserError: Terraform cannot plan it.

        Source: https://developer.hashicorp.com/terraform/cli/commands/plan#detailed-exitcode
        """
        options = ["-input=false", "-json", "-detailed-exitcode", f"-out={PLAN}", *(["-destroy"] if destroy else [])]
        result = self._ended("plan", *options)
        if result.returncode not in (_NO_CHANGES, _CHANGES):
            raise self.failed(result.stdout, result.stderr)
        shown: dict[str, Any] = json.loads(self._run("show", "-json", PLAN)) if result.returncode == _CHANGES else {}
        return shown

    def adopt(self, address: str, id: str) -> bool:
        """Take something that stands into the state; returns whether it does stand.

        Args:
            address: Terraform's, of the resource in the configuration.
            id: what the provider finds it by.
        """
        return self._ended("import", "-input=false", "-no-color", address, id).returncode == 0

    def untaint(self, address: str) -> None:
        """Take back that the state marks a resource as broken: the next plan mends what is missing of it.

        Raises:
            UserError: the state does not hold it.
        """
        self._run("untaint", "-no-color", address)

    def let_go(self, addresses: Sequence[str]) -> None:
        """Take resources out of the state, so that they stay as they are.

        Raises:
            UserError: the state cannot be written.
        """
        if addresses:
            self._run("state", "rm", *addresses)

    def apply_command(self) -> list[str]:
        """The command line that applies the kept plan."""
        return [str(self.program), "apply", "-input=false", "-json", PLAN]

    def forget_plan(self) -> None:
        """Remove the kept plan: it is applied, or nobody wants it."""
        (self.stack.folder / PLAN).unlink(missing_ok=True)

    def failed(self, output: str, otherwise: str) -> UserError:
        """What to raise for an output of Terraform that ended with an error.

        Args:
            output: machine-readable.
            otherwise: what it wrote besides, for when the output names no error.
        """
        found = diagnostics(output) or [Diagnostic(summary=otherwise.strip()[-600:] or "it ended without a word")]
        return UserError(explain(self.stack.name, found, self.stack.paths()))

    def _run(self, *arguments: str) -> str:
        result = self._ended(*arguments)
        if result.returncode != 0:
            raise self.failed(result.stdout, result.stderr)
        return result.stdout

    def _ended(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *arguments],
            cwd=self.stack.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
