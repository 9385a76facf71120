"""Synthesizes the stacks and deploys them with the Terraform CDK's command line, showing how far it is."""

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
_REFUSED = re.compile(r"^constructs_lib\.errors\.\w+: (.*)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Tools:
    """The programs a deployment needs, found or installed."""

    node: Path
    terraform: Path
    provider: aws_provider.ProviderSource

    @classmethod
    def ready(cls, *, command_line: bool = True) -> Tools:
        """Find them; install what is missing.

        Args:
            command_line: whether the Terraform CDK's own is wanted, which npm installs.

        Raises:
            UserError: one is missing and cannot be installed.
        """
        folder = node.node_folder()
        if command_line:
            node.ensure_modules(paths.ROOT, folder)
        program = terraform.ensure_terraform(paths.CACHE_DIR / "terraform", terraform.TerraformRelease.pinned())
        return cls(node=folder, terraform=program.parent, provider=aws_provider.from_here())


class Deployment:
    """The stacks of one environment, with their output and local state in a folder of their own.

    Args:
        folder: gets `cdktf.out` and, with the local backend, the Terraform states.
        tools: the programs.
        variables: added to the environment: which settings, which AWS.
    """

    def __init__(self, folder: Path, tools: Tools, variables: Mapping[str, str]) -> None:
        self.folder = folder
        self._tools = tools
        folder.mkdir(parents=True, exist_ok=True)
        self._environment = self._variables(variables)

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables its programs run with."""
        return self._environment

    @property
    def output(self) -> Path:
        """Where the synthesized stacks are."""
        return self.folder / "cdktf.out"

    @property
    def provider(self) -> aws_provider.ProviderSource:
        """Where its AWS provider comes from."""
        return self._tools.provider

    @property
    def terraform(self) -> Path:
        """The program."""
        return self._tools.terraform / "terraform"

    def synthesize(self) -> int:
        """Write the Terraform configuration of every stack.

        Returns:
            How many resources they hold.

        Raises:
            UserError: the settings cannot be used; the text is that of main.py.
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
            raise UserError(f"The stacks cannot be synthesized:\n{refusal(result.stderr)}")
        return sum(count_resources(file) for file in self.folder.glob("cdktf.out/stacks/*/cdk.tf.json"))

    def deploy(self, *, log: Path, created: Callable[[int], None]) -> None:
        """Apply what was synthesized, all stacks in the order of their references.

        Args:
            log: file that gets the output.
            created: told now and then how many resources have been made.

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

        def finished() -> bool:
            created(len(_CREATED.findall(log.read_text(errors="replace"))))
            return child.finished()

        try:
            child.wait_until(finished, seconds=3600)
        except ProcessEnded:
            raise UserError(
                f"The stacks could not be deployed:\n{errors(log)}\nThe whole output is in {log}."
            ) from None
        finally:
            child.stop()

    def _variables(self, variables: Mapping[str, str]) -> dict[str, str]:
        programs = [str(self._tools.node), str(self._tools.terraform), os.environ.get("PATH", "")]
        return {
            # Settings of another environment, or the user's own AWS, are not for this one.
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
    """How many managed resources a synthesized stack holds."""
    return sum(len(named) for named in json.loads(stack.read_text()).get("resource", {}).values())


def refusal(said: str) -> str:
    """What a failed synth says: a construct's own message where it ends in one, without the way to it."""
    found = _REFUSED.findall(said)
    return str(found[-1] if found else said).strip()


def errors(log: Path) -> str:
    """What Terraform said is wrong: its error messages, or the end of the output when it named none."""
    lines = log.read_text(errors="replace").splitlines()
    first = next((place for place, line in enumerate(lines) if _ERROR.search(line)), None)
    return last_lines(log, 30) if first is None else "\n".join(lines[first : first + 30])
