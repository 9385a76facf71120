"""The AWS emulator: moto's server on loopback, and the settings of its clients."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from emulator.presigned import ACCESS_KEY, SECRET_KEY
from workspace import paths
from workspace.ports import LOOPBACK, is_listening
from workspace.processes import Child, ManagedProgram

REGION = "us-east-1"

AGENT = "emulator-client"
"""Part of the user agent of this module's clients, which distinguishes their calls from those of tested programs."""


def endpoint(port: int) -> str:
    """Return the URL of the AWS emulator."""
    return f"http://{LOOPBACK}:{port}"


def client_variables(port: int, *, region: str = REGION) -> dict[str, str]:
    """Return environment variables that point AWS SDKs, the CLI and Terraform at the AWS emulator.

    The credentials are fake: moto accepts any. The user's own AWS configuration is not read.

    Args:
        port: Port of the AWS emulator.
        region: AWS region.
    """
    return {
        "AWS_ENDPOINT_URL": endpoint(port),
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def without_aws(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables without the user's own AWS variables (profile, session token, endpoint)."""
    return {name: value for name, value in environment.items() if not name.startswith("AWS_")}


def start(port: int, *, log: Path, calls: Path | None = None) -> Child:
    """Start moto's server and wait until it is listening.

    Args:
        port: TCP port on loopback.
        log: File that its output is appended to.
        calls: File that every request is appended to, for ``api_calls.read_calls``. Default: none.
    """
    recording = ["--calls", str(calls)] if calls else []
    child = Child(
        ManagedProgram(
            name="aws",
            arguments=[sys.executable, "-m", "emulator.moto_server", "-H", LOOPBACK, "-p", str(port), *recording],
            log=log,
            environment={**without_aws(os.environ), "PYTHONPATH": str(paths.ROOT)},
        )
    )
    child.wait_until(lambda: is_listening(port), seconds=60)
    return child


@cache
def client(service: str, port: int, *, region: str = REGION) -> Any:
    """Return the boto3 client of a service of the AWS emulator, independent of this process's environment.

    Cached: creating a client takes longer than most calls, and threads may share it.
    """
    import boto3  # Takes a sixth of a second that most commands do not need.
    from botocore.config import Config

    return boto3.client(
        service,
        endpoint_url=endpoint(port),
        region_name=region,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(user_agent_extra=AGENT),
    )
