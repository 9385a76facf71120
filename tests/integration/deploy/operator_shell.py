"""An operator's shell for deployments to an AWS emulator."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console

from emulator import aws
from emulator.api_calls import ApiCall, read_calls
from operations.deploy.terraform_stack import PLAN_FILE
from operations.local.deployment import read_launch_templates
from operations.release.build import build, checkout
from stacks.release_artifacts import ARCHITECTURE
from workspace import paths
from workspace.paths import ROOT
from workspace.processes import stop_tree

QUESTION = "¿Deseas aplicar este plan? (y/n): "


@dataclass
class Operator:
    """Runs commands with AWS_ENDPOINT_URL set to the AWS emulator.

    Args:
        folder: Working directory, and folder of the states.
        port: Port of the AWS emulator.
        settings: Environment variables that override environments/local.toml in all further commands.
    """

    folder: Path
    port: int
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ANB_", "AWS_"))}
        # A wide terminal, so that expected texts are not wrapped.
        return {
            **inherited,
            "AWS_ENDPOINT_URL": aws.endpoint(self.port),
            "ANB_LOCAL_DIR": str(self.folder / "local"),
            "COLUMNS": "200",
            **self.settings,
        }

    @property
    def states(self) -> Path:
        (found,) = (self.folder / "local/endpoints").glob("*/local/states/anb-local")
        return found

    def run(
        self, command: str, *arguments: str, typed: str = "", settings: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [ROOT / "anb", command, "--target", "local", *arguments],
            env={**self.environment, **(settings or {})},
            cwd=self.folder,
            input=typed,
            capture_output=True,
            text=True,
            check=False,
        )

    def deploy(
        self, *arguments: str, typed: str = "", settings: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return self.run("deploy", *arguments, typed=typed, settings=settings)

    def deploy_until(
        self, condition: Callable[[str], bool], interrupt: Callable[[psutil.Process], None]
    ) -> tuple[int, str]:
        """Start a deployment, interrupt it once a condition holds, and return its exit code and output.

        Args:
            condition: Called with the output so far.
            interrupt: Interrupts the process.
        """
        log = self.folder / "interrupted.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [ROOT / "anb", "deploy", "--target", "local", "--yes"],
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            while not condition(log.read_text()):
                assert process.poll() is None, log.read_text()
                time.sleep(0.1)
            interrupt(psutil.Process(process.pid))
            return process.wait(), log.read_text()
        finally:
            stop_tree(process.pid, signal.SIGINT, grace_seconds=60)

    def put_release(self, commit: str) -> None:
        """Build the release of a commit in the folder that the deployment reads."""
        folder, wheels = Path(self.settings["ANB_RELEASE_DIRECTORY"]), paths.CACHE_DIR / "wheels"
        with checkout(paths.ROOT, commit) as sources:
            build(sources, folder, ARCHITECTURE, Console(stderr=True), wheels=wheels)

    def releases(self) -> tuple[str, str]:
        """Release hashes in the current launch templates of portal and worker."""
        templates = read_launch_templates(self.client("ec2"))
        return templates.portal["RELEASE"], templates.worker["RELEASE"]

    def plans(self) -> dict[str, dict[str, Any]]:
        """Saved plans of the last deployment as printed by ``terraform show -json``, by stack."""
        environment = {**self.environment, "CHECKPOINT_DISABLE": "1"}
        return {
            plan.parent.name: json.loads(
                subprocess.run(
                    ["terraform", "show", "-json", plan.name],
                    cwd=plan.parent,
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=True,
                ).stdout
            )
            for plan in sorted((self.folder / "local/endpoints").glob(f"*/local/cdktf.out/stacks/*/{PLAN_FILE}"))
        }

    def calls(self) -> list[ApiCall]:
        """Calls of the commands and of Terraform that have reached the AWS emulator, in their order."""
        return [call for call in read_calls(self.folder / "calls.jsonl") if aws.AGENT not in call.agent]

    def client(self, service: str) -> Any:
        return aws.client(service, self.port)


def press_ctrl_c(anb: psutil.Process) -> None:
    """Send SIGINT, as a terminal does."""
    anb.send_signal(signal.SIGINT)


def terminate(anb: psutil.Process) -> None:
    """Send SIGTERM, as a machine does when it shuts down."""
    anb.send_signal(signal.SIGTERM)


def cut_the_power(anb: psutil.Process) -> None:
    """Kill the command and its Terraform processes at once."""
    # Suspended first, so that it cannot start another Terraform that would survive.
    anb.suspend()
    for process in [anb, *anb.children(recursive=True)]:
        process.kill()
