"""All stacks, and the example with every option, each deployed once to an emulator of its own by the real Terraform."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from every_option import EveryOption
from programs import run

from operations import project
from operations.cdktf import Deployment, Tools
from operations.local import aws
from operations.local.ports import free_port

STACKS = ("network", "storage", "queue", "database", "load-balancer", "portal", "workers", "observability")

Plans = dict[str, dict[str, Any]]
"""What Terraform would do, by stack."""


class Stacks(Deployment):
    """A deployment that can also be planned, looked at and destroyed."""

    def __init__(self, folder: pathlib.Path, port: int) -> None:
        self.port = port
        self.states = folder / "states"
        self._cdktf = [str(Tools.ready().node / "node"), str(project.ROOT / "node_modules/cdktf-cli/bundle/bin/cdktf")]
        variables = {
            **aws.client_variables(port),
            "ANB_ENVIRONMENT": "local",
            "ANB_AWS_REGION": aws.REGION,
            "ANB_STATE_DIRECTORY": str(self.states),
            "ANB_ALARM_EMAIL": "duty@anb.example",
        }
        super().__init__(folder, Tools.ready(), variables)

    def apply(self) -> None:
        """Synthesize and deploy everything."""
        self.synthesize()
        self.deploy(log=self.folder / "deploy.log", created=lambda _count: None)

    def destroy(self) -> None:
        """Destroy everything, in the reverse order of the references."""
        self._run([*self._cdktf, "destroy", "*", "--auto-approve", "--skip-synth"], self.folder)

    def plans(self) -> Plans:
        """What Terraform would do now, by stack."""
        with ThreadPoolExecutor(max_workers=len(STACKS)) as pool:
            return dict(zip(STACKS, pool.map(self._plan, STACKS), strict=True))

    def state(self, stack: str) -> str:
        """The text of a stack's state."""
        return (self.states / "anb-local" / f"{stack}.tfstate").read_text()

    def managed(self) -> dict[str, list[str]]:
        """The types of the managed resources in the states, by stack."""
        return {
            stack: [each["type"] for each in json.loads(self.state(stack))["resources"] if each["mode"] == "managed"]
            for stack in STACKS
        }

    def outputs(self) -> dict[str, Any]:
        """The outputs of all stacks."""
        return {
            name: output["value"]
            for stack in STACKS
            for name, output in json.loads(self.state(stack))["outputs"].items()
        }

    def client(self, service: str) -> Any:
        """A boto3 client of the emulator."""
        return aws.client(service, self.port)

    def _plan(self, stack: str) -> dict[str, Any]:
        folder = self.folder / "cdktf.out/stacks" / stack
        self._run(["terraform", "plan", "-input=false", "-lock=false", "-out=second.plan"], folder)
        shown: dict[str, Any] = json.loads(self._run(["terraform", "show", "-json", "second.plan"], folder))
        return shown

    def _run(self, command: list[str], folder: pathlib.Path) -> str:
        return run(command, folder=folder, environment=self._environment, emulator_log=self.folder / "moto.log")


@pytest.fixture(scope="session")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stacks]:
    """The stacks, deployed."""
    folder = tmp_path_factory.mktemp("deployment")
    port = free_port()
    server = aws.start(port, log=folder / "moto.log")
    try:
        made = Stacks(folder, port)
        made.apply()
        yield made
    finally:
        server.stop()


@pytest.fixture(scope="session")
def second_plans(stacks: Stacks) -> Plans:
    """What Terraform would change right after the deployment."""
    return stacks.plans()


@dataclasses.dataclass(frozen=True)
class Deployed:
    """The example with every option as it stands, and what Terraform would change right after."""

    app: EveryOption
    second_plan: dict[str, Any]


@pytest.fixture(scope="session", autouse=True)
def being_deployed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Future[Deployed] | None]:
    """The example on its way up, beside the stacks: both wait for the emulator most of the time."""
    if not any("every_option" in getattr(item, "fixturenames", ()) for item in request.session.items):
        yield None
        return
    folder, port = tmp_path_factory.mktemp("every-option"), free_port()

    def deploy() -> Deployed:
        app = EveryOption(folder, port)
        app.apply()
        return Deployed(app, app.plan())

    server = aws.start(port, log=folder / "moto.log")
    try:
        with ThreadPoolExecutor(max_workers=1) as pool:
            yield pool.submit(deploy)
    finally:
        server.stop()


@pytest.fixture(scope="session")
def every_option(being_deployed: Future[Deployed]) -> Deployed:
    """The example with every option, deployed."""
    return being_deployed.result()
