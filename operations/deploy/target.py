"""The target of a deployment: the AWS account of the credentials, or an AWS emulator on this machine."""

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
    """An environment and the AWS it is deployed to.

    Args:
        environment: Name of its file in ``environments``.
        settings: Its settings.
        folder: Receives the synthesized stacks and the logs.
        variables: Environment variables for the synthesis, Terraform and boto3.
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
        """Create a boto3 client for the target."""
        import boto3  # takes a sixth of a second, and most commands do not need it

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


def choose_target(target: str | None, environment: str | None, variables: Mapping[str, str] = os.environ) -> Target:
    """Determine the target from the command's options and the environment variables.

    Args:
        target: local or aws; default: the environment's target.
        environment: Name of its file; default: ``ANB_ENVIRONMENT``, else local for --target local, else production.
        variables: Environment variables; ``AWS_ENDPOINT_URL`` selects an AWS emulator, ``ANB_...`` are settings.

    Raises:
        UserError: The settings are invalid or for another target, or no AWS emulator is running.
    """
    default = LOCAL if target == LOCAL else DEFAULT_ENVIRONMENT
    name = environment or variables.get(ENVIRONMENT) or default
    anb_variables = {key: value for key, value in variables.items() if key.startswith("ANB_")}
    anb_variables[ENVIRONMENT] = name
    settings = _load_settings(anb_variables)
    actual = LOCAL if settings.embedded else AWS
    if target not in (None, actual):
        raise UserError(
            f"The target of the environment {name} is {actual}, but --target is {target}. Choose an environment with "
            f'target = "{"embedded" if target == LOCAL else "aws"}" in its file, such as '
            f"--environment {LOCAL if target == LOCAL else DEFAULT_ENVIRONMENT}."
        )
    if settings.embedded:
        return _embedded_target(name, anb_variables, variables)
    aws_variables = {key: value for key, value in variables.items() if key.startswith("AWS_")}
    folder = paths.CACHE_DIR / "deploy" / name
    return Target(environment=name, settings=settings, folder=folder, variables={**anb_variables, **aws_variables})


def _load_settings(variables: Mapping[str, str]) -> Settings:
    try:
        return load(variables, paths.ROOT / "environments")
    except SettingsError as error:
        raise UserError(str(error)) from None


def _embedded_target(name: str, anb_variables: Mapping[str, str], variables: Mapping[str, str]) -> Target:
    local = paths.local_directory()
    endpoint = variables.get(ENDPOINT)
    if endpoint:
        folder = local / "endpoints" / urlsplit(endpoint).netloc.replace(":", "-") / name
    else:
        state = StateFile(local).read()
        embedded = state.children.get("aws") if state and state.phase == RUNNING else None
        if state is None or embedded is None or embedded.port is None or not embedded.alive:
            raise UserError(f"No AWS emulator is running. Start one with ./anb up, or set {ENDPOINT} to its address.")
        if not state.infra:
            raise UserError(
                "The running system was started with --no-infra, so it has no Terraform state. Restart it with "
                "./anb down and ./anb up."
            )
        endpoint, folder = aws.endpoint(embedded.port), infrastructure_folder(local)
    anb_variables = {"ANB_STATE_DIRECTORY": str(folder / "states"), **anb_variables}
    settings = _load_settings(anb_variables)
    aws_variables = {**aws.client_variables(0, region=settings.aws_region), ENDPOINT: endpoint}
    return Target(environment=name, settings=settings, folder=folder, variables={**anb_variables, **aws_variables})
