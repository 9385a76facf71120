"""Synthesize the stacks and deploy them with cdktf-cli, reporting progress."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from workspace import aws_provider, node, paths, terraform
from workspace.errors import UserError
from workspace.processes import Child, ManagedProgram, ProcessEnded, last_lines

_CREATED = re.compile(r"Creation complete after")
_ERROR = re.compile(r"Error: ")
_CONSTRUCT_ERROR = re.compile(r"^constructs_lib\.foundation\.errors\.\w+: (.*)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Tools:
    """Programs that a deployment needs."""

    node: Path
    terraform: Path
    provider: aws_provider.ProviderSource

    @classmethod
    def ensure(cls, *, cdktf_cli: bool = True) -> Tools:
        """Find the programs; install missing ones.

        Args:
            cdktf_cli: Whether to install cdktf-cli with npm.

        Raises:
            UserError: A program is missing and cannot be installed.
        """
        folder = node.node_folder()
        if cdktf_cli:
            node.ensure_modules(paths.ROOT, folder)
        program = terraform.ensure_terraform(paths.CACHE_DIR / "terraform", terraform.TerraformRelease.pinned())
        return cls(node=folder, terraform=program.parent, provider=aws_provider.detect_provider())


class Deployment:
    """The stacks of one environment, with their synth output and local state in one folder.

    Args:
        folder: Where `cdktf.out` is written and, with the local backend, the Terraform states.
        tools: Programs to run.
        variables: Added to the environment variables: which settings, which AWS endpoint.
    """

    def __init__(self, folder: Path, tools: Tools, variables: Mapping[str, str]) -> None:
        self.folder = folder
        self._tools = tools
        folder.mkdir(parents=True, exist_ok=True)
        self._environment = self._variables(variables)

    @property
    def environment(self) -> Mapping[str, str]:
        """Environment variables of the programs."""
        return self._environment

    @property
    def output(self) -> Path:
        """Folder of the synthesized stacks."""
        return self.folder / "cdktf.out"

    @property
    def provider(self) -> aws_provider.ProviderSource:
        """Source of the AWS provider."""
        return self._tools.provider

    @property
    def terraform(self) -> Path:
        """Path of the Terraform program."""
        return self._tools.terraform / "terraform"

    def synthesize(self) -> int:
        """Write the Terraform configuration of every stack.

        Returns:
            Number of resources in all stacks.

        Raises:
            UserError: The settings are invalid; the text is that of main.py.
        """
        result = subprocess.run(
            [sys.executable, paths.ROOT / "main.py"],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode != 0:
            raise UserError(f"The stacks cannot be synthesized:\n{extract_error(result.stderr)}")
        return sum(count_resources(file) for file in self.folder.glob("cdktf.out/stacks/*/cdk.tf.json"))

    def deploy(self, *, log: Path, on_progress: Callable[[int], None]) -> None:
        """Apply the synthesized stacks in dependency order.

        Args:
            log: File for the output.
            on_progress: Called repeatedly with the number of created resources.

        Raises:
            UserError: Terraform failed.
        """
        self._write_configuration()
        log.unlink(missing_ok=True)
        program = ManagedProgram(
            name="cdktf deploy",
            arguments=[
                self._tools.node / "node",
                paths.ROOT / "node_modules/cdktf-cli/bundle/bin/cdktf",
                *("deploy", "*", "--auto-approve", "--skip-synth", "--skip-provider-lock"),
            ],
            log=log,
            environment=self._environment,
            directory=self.folder,
        )
        child = Child(program)

        def has_finished() -> bool:
            on_progress(len(_CREATED.findall(log.read_text(errors="replace"))))
            return child.has_finished()

        try:
            child.wait_until(has_finished, seconds=3600)
        except ProcessEnded:
            raise UserError(
                f"The stacks could not be deployed:\n{extract_terraform_errors(log)}\nFull output: {log}"
            ) from None
        finally:
            child.stop()

    def _variables(self, variables: Mapping[str, str]) -> dict[str, str]:
        programs = [str(self._tools.node), str(self._tools.terraform), os.environ.get("PATH", "")]
        return {
            # Drop settings of other environments and the user's own AWS credentials.
            **{name: value for name, value in os.environ.items() if not name.startswith(("ANB_", "AWS_"))},
            **aws_provider.provider_variables(self._tools.provider, paths.CACHE_DIR / "terraform"),
            **variables,
            "PATH": os.pathsep.join(programs),
            "PYTHONPATH": str(paths.ROOT),
            "CDKTF_OUTDIR": str(self.output),
            "CHECKPOINT_DISABLE": "1",
            "DISABLE_VERSION_CHECK": "1",
            "CI": "true",
            "FORCE_COLOR": "0",
        }

    def _write_configuration(self) -> None:
        app = shlex.join([sys.executable, str(paths.ROOT / "main.py")])
        configuration = {"language": "python", "app": app, "output": "cdktf.out", "sendCrashReports": "false"}
        (self.folder / "cdktf.json").write_text(json.dumps(configuration, indent=2))


def count_resources(stack: Path) -> int:
    """Count the managed resources of a synthesized stack."""
    return sum(len(named) for named in json.loads(stack.read_text()).get("resource", {}).values())


def extract_error(stderr: str) -> str:
    """Return the construct's error message of a failed synth without its traceback, or the whole output."""
    messages = _CONSTRUCT_ERROR.findall(stderr)
    return str(messages[-1] if messages else stderr).strip()


def extract_terraform_errors(log: Path) -> str:
    """Return Terraform's error messages, or the end of the output if it has none."""
    lines = log.read_text(errors="replace").splitlines()
    first = next((index for index, line in enumerate(lines) if _ERROR.search(line)), None)
    return last_lines(log, 30) if first is None else "\n".join(lines[first : first + 30])
