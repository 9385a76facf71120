"""Where a deployment goes: AWS as the credentials say, or an embedded AWS on this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from emulator import aws
from operations.local.deployment import infrastructure_folder
from operations.local.state import RUNNING, StateFile
from stacks.settings.loader import DEFAULT_ENVIRONMENT, ENVIRONMENT, SettingsError, load
from stacks.settings.model import Settings
from workspace import paths
from workspace.errors import UserError

LOCAL, AWS = "local", "aws"
ENDPOINT = "AWS_ENDPOINT_URL"


@dataclass(frozen=True, kw_only=True)
class Target:
    """An environment and where it is deployed.

    Args:
        environment: name of its file in ``environments``.
        settings: of it.
        folder: gets the synthesized stacks and the logs.
        variables: what the synth, Terraform and boto3 are told: which settings, which AWS.
    """

    environment: str
    settings: Settings
    folder: Path
    variables: Mapping[str, str]

    @property
    def name(self) -> str:
        """local or aws."""
        return LOCAL if self.settings.embedded else AWS

    def client(self, service: str) -> Any:
        """A boto3 client of where it goes."""
        import boto3  # a sixth of a second that most commands do not need

        region = self.settings.aws_region
        if not self.settings.embedded:
            return boto3.client(service, region_name=region)
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.variables[ENDPOINT],
            aws_access_key_id=self.variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.variables["AWS_SECRET_ACCESS_KEY"],
        )


def choose(target: str | None, environment: str | None, variables: Mapping[str, str] = os.environ) -> Target:
    """Where a deployment goes.

    Args:
        target: local or aws; by default what the environment is for.
        environment: name of its file; by default ``ANB_ENVIRONMENT``, else local for a local one and production.
        variables: environment variables; ``AWS_ENDPOINT_URL`` names an embedded AWS, ``ANB_...`` are settings.

    Raises:
        UserError: the settings are wrong, are for another target, or there is no embedded AWS.
    """
    default = LOCAL if target == LOCAL else DEFAULT_ENVIRONMENT
    name = environment or variables.get(ENVIRONMENT) or default
    own = {key: value for key, value in variables.items() if key.startswith("ANB_")}
    own[ENVIRONMENT] = name
    settings = _settings(own)
    is_for = LOCAL if settings.embedded else AWS
    if target not in (None, is_for):
        raise UserError(
            f"The environment {name} is for {is_for}, and --target is {target}. Choose an environment with "
            f'target = "{"embedded" if target == LOCAL else "aws"}" in its file, such as '
            f"--environment {LOCAL if target == LOCAL else DEFAULT_ENVIRONMENT}."
        )
    if settings.embedded:
        return _embedded(name, own, variables)
    given = {key: value for key, value in variables.items() if key.startswith("AWS_")}
    folder = paths.CACHE_DIR / "deploy" / name
    return Target(environment=name, settings=settings, folder=folder, variables={**own, **given})


def _settings(variables: Mapping[str, str]) -> Settings:
    try:
        return load(variables, paths.ROOT / "environments")
    except SettingsError as problem:
        raise UserError(str(problem)) from None


def _embedded(name: str, own: Mapping[str, str], variables: Mapping[str, str]) -> Target:
    local = paths.local_directory()
    endpoint = variables.get(ENDPOINT)
    if endpoint:
        folder = local / "endpoints" / urlsplit(endpoint).netloc.replace(":", "-") / name
    else:
        state = StateFile(local).read()
        embedded = state.children.get("aws") if state and state.phase == RUNNING else None
        if state is None or embedded is None or embedded.port is None or not embedded.alive:
            raise UserError(f"No embedded AWS is up. Start one with ./anb up, or name one in {ENDPOINT}.")
        if not state.infra:
            raise UserError(
                "What is up was started with --no-infra, without Terraform, so there is nothing to go on from. "
                "Start it again with ./anb down and ./anb up."
            )
        endpoint, folder = aws.endpoint(embedded.port), infrastructure_folder(local)
    own = {"ANB_STATE_DIRECTORY": str(folder / "states"), **own}
    settings = _settings(own)
    client = {**aws.client_variables(0, region=settings.aws_region), ENDPOINT: endpoint}
    return Target(environment=name, settings=settings, folder=folder, variables={**own, **client})
