"""Run Terraform on one synthesized stack."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from operations.deploy.events import Diagnostic, diagnostics
from operations.deploy.failures import explain
from operations.deploy.stack_graph import StackNode, read_stacks
from operations.deploy.states import TerraformState, parse_state
from workspace import paths
from workspace.cdktf import Deployment
from workspace.errors import UserError

PLAN_FILE = "deploy.plan"
_NO_CHANGES, _CHANGES = 0, 2


def terraform_stacks(deployment: Deployment) -> list[TerraformStack]:
    """The synthesized stacks of a deployment, in dependency order."""
    environment = dict(deployment.environment)
    if deployment.provider.downloaded:
        # Without a shared cache each stack would download hundreds of megabytes.
        cache = paths.CACHE_DIR / "terraform/plugins"
        cache.mkdir(parents=True, exist_ok=True)
        environment |= {"TF_PLUGIN_CACHE_DIR": str(cache), "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE": "true"}
    return [TerraformStack(stack, deployment.terraform, environment) for stack in read_stacks(deployment.output)]


class TerraformStack:
    """Terraform in the folder of one stack.

    Args:
        stack: The stack.
        program: Path of Terraform.
        environment: All environment variables for Terraform.
    """

    def __init__(self, stack: StackNode, program: Path, environment: Mapping[str, str]) -> None:
        self.stack = stack
        self.program = program
        self.environment = {**environment, "TF_IN_AUTOMATION": "1"}

    def init_and_pull_state(self) -> TerraformState:
        """Initialize the provider and the backend, and read the state.

        Raises:
            UserError: The provider or the state is not available.
        """
        self._run("init", "-input=false", "-json")
        return self.pull_state()

    def pull_state(self) -> TerraformState:
        """Read the state; the stack must be initialized.

        Raises:
            UserError: The state is not available.
        """
        pulled = self._run("state", "pull")
        return parse_state(json.loads(pulled) if pulled.strip() else {})

    def plan(self, *, destroy: bool = False) -> dict[str, Any]:
        """Plan, and save the plan in the folder.

        Args:
            destroy: Plan to destroy every resource.

        Returns:
            The plan as ``terraform show -json`` prints it; empty without changes, since showing it would load the
            provider's schema, 3 seconds of CPU.

        Raises:
            UserError: Terraform cannot plan the stack.

        Source: https://developer.hashicorp.com/terraform/cli/commands/plan#detailed-exitcode
        """
        options = ["-input=false", "-json", "-detailed-exitcode", f"-out={PLAN_FILE}"]
        result = self._call("plan", *options, *(["-destroy"] if destroy else []))
        if result.returncode not in (_NO_CHANGES, _CHANGES):
            raise self.error_from(result.stdout, result.stderr)
        plan_json: dict[str, Any] = {}
        if result.returncode == _CHANGES:
            plan_json = json.loads(self._run("show", "-json", PLAN_FILE))
        return plan_json

    def import_resource(self, address: str, id: str) -> bool:
        """Import an existing resource into the state; return whether that succeeded.

        Args:
            address: Terraform address in the configuration.
            id: The provider's import id.
        """
        return self._call("import", "-input=false", "-no-color", address, id).returncode == 0

    def untaint(self, address: str) -> None:
        """Remove the taint of a resource, so that the next plan repairs it instead of replacing it.

        Raises:
            UserError: The resource is not in the state.
        """
        self._run("untaint", "-no-color", address)

    def remove_from_state(self, addresses: Sequence[str]) -> None:
        """Remove resources from the state without destroying them.

        Raises:
            UserError: The state cannot be written.
        """
        if addresses:
            self._run("state", "rm", *addresses)

    def set_in_state(self, kind: str, name: str, values: Mapping[str, Any]) -> None:
        """Set attributes that only Terraform reads, such as how it deletes a resource; AWS is not called.

        Args:
            kind, name: Type and name of the resource.
            values: Attributes and their new values.

        Raises:
            UserError: The state cannot be written.

        Source: https://developer.hashicorp.com/terraform/cli/commands/state/push
        """
        state = json.loads(self._run("state", "pull"))
        for resource in state["resources"]:
            if (resource["type"], resource["name"]) == (kind, name):
                resource["instances"][0]["attributes"].update(values)
        state["serial"] += 1
        file = self.stack.folder / "changed.tfstate"
        try:
            file.write_text(json.dumps(state))
            self._run("state", "push", file.name)
        finally:
            file.unlink(missing_ok=True)

    def apply_command(self) -> list[str]:
        """Command line that applies the saved plan."""
        return [str(self.program), "apply", "-input=false", "-json", PLAN_FILE]

    def delete_plan(self) -> None:
        """Delete the saved plan, if there is one."""
        (self.stack.folder / PLAN_FILE).unlink(missing_ok=True)

    def error_from(self, output: str, fallback: str) -> UserError:
        """Create the error for a failed Terraform run.

        Args:
            output: Machine-readable output.
            fallback: Other output, used when ``output`` holds no error.
        """
        errors = diagnostics(output) or [Diagnostic(summary=fallback.strip()[-600:] or "no output")]
        return UserError(explain(self.stack.name, errors, self.stack.paths()))

    def _run(self, *arguments: str) -> str:
        result = self._call(*arguments)
        if result.returncode != 0:
            raise self.error_from(result.stdout, result.stderr)
        return result.stdout

    def _call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *arguments],
            cwd=self.stack.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
