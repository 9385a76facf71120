"""Deploy all stacks to the AWS emulator, or create only the resources that the services need."""

from __future__ import annotations

import base64
import json
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from constructs_lib.compute.user_data import read_environment
from emulator import aws, resources
from services.environment import PortalEnvironment, ServiceEnvironment, WorkerEnvironment
from workspace.cdktf import Deployment, Tools
from workspace.errors import UserError
from workspace.processes import STOP_SECONDS
from workspace.progress import step

ENVIRONMENT = "local"

# One machine is its own network, so there is no TLS or proxy. A new variable of a service gets its value here.
LOOPBACK: dict[str, Any] = {
    "aws_region": aws.REGION,
    "database_ssl_mode": "disable",
    "database_ca_file": None,
    "log_group": None,
}
LOOPBACK_PORTAL: dict[str, Any] = LOOPBACK | {
    "portal_host": "127.0.0.1",
    "portal_port": 8080,
    "drain_seconds": 0,
    "token_seconds": 3600,
    "secure_cookies": False,
    "proxy_hops": 0,
    "max_upload_bytes": 100 * 1024 * 1024,
    "public_hosts": (),
    "cors_origins": (),
    "revoke_bearer_on_logout": False,
}
LOOPBACK_WORKER: dict[str, Any] = LOOPBACK | {
    "worker_concurrency": 1,
    "visibility_seconds": 60,
    "max_job_seconds": 600,
    "max_clip_seconds": 30,
    "enforce_clip_rules": False,
    "require_isolation": False,
    "stop_seconds": STOP_SECONDS,
}


@dataclass(frozen=True)
class ServiceVariables:
    """Environment variables of each service's instances."""

    portal: dict[str, str]
    worker: dict[str, str]


@dataclass(frozen=True)
class DatabaseCredentials:
    """User name and password of the database."""

    username: str
    password: str


def deploy_with_terraform(
    folder: Path, aws_port: int, console: Console, settings: Mapping[str, str] | None = None
) -> ServiceVariables:
    """Deploy all stacks with Terraform, then read the instances' environment from the launch templates.

    Args:
        folder: Local directory.
        aws_port: Port of the AWS emulator.
        console: Where progress is shown.
        settings: Environment variables that override settings.

    Raises:
        UserError: A tool is missing, the settings are invalid, or Terraform failed.
    """
    # The AWS emulator starts empty, so states of the last run are obsolete.
    shutil.rmtree(infrastructure_folder(folder), ignore_errors=True)
    with step("Finding Terraform, its AWS provider and Node", console) as current:
        tools = Tools.ensure()
        current.note(f"provider {tools.provider.description}")
    variables = {
        **aws.client_variables(aws_port),
        "ANB_ENVIRONMENT": ENVIRONMENT,
        "ANB_AWS_REGION": aws.REGION,
        "ANB_STATE_DIRECTORY": str(infrastructure_folder(folder) / "states"),
        **(settings or {}),
    }
    stacks = Deployment(infrastructure_folder(folder), tools, variables)
    with step("Synthesizing the stacks", console) as current:
        planned = stacks.synthesize()
        current.note(f"{planned} resources")
    with step("Deploying the stacks with Terraform", console) as current:
        stacks.deploy(
            log=folder / "logs/infrastructure.log",
            on_progress=lambda count: current.note(f"{count} of {planned} resources"),
        )
    with step("Reading the instances' environment from the launch templates", console):
        return read_launch_templates(aws.client("ec2", aws_port))


def infrastructure_folder(folder: Path) -> Path:
    """Return the folder of the synthesized stacks and their Terraform states."""
    return folder / "infrastructure"


def read_launch_templates(ec2: Any) -> ServiceVariables:
    """Read the environment variables from the newest version of each service's launch template.

    Args:
        ec2: boto3 client.

    Raises:
        UserError: No launch template has all variables of a service.
    """
    found: dict[type[ServiceEnvironment], dict[str, str]] = {}
    pages = ec2.get_paginator("describe_launch_templates").paginate(PaginationConfig={"PageSize": 200})
    for template in (template for page in pages for template in page["LaunchTemplates"]):
        versions = ec2.describe_launch_template_versions(
            LaunchTemplateId=template["LaunchTemplateId"], Versions=["$Latest"]
        )["LaunchTemplateVersions"]
        encoded = versions[0]["LaunchTemplateData"].get("UserData")
        if encoded is None:
            continue
        variables = read_environment(base64.b64decode(encoded).decode())
        for kind in (PortalEnvironment, WorkerEnvironment):
            if set(kind.variable_names()) <= set(variables):
                found[kind] = variables
    missing = [kind.__name__ for kind in (PortalEnvironment, WorkerEnvironment) if kind not in found]
    if missing:
        raise UserError(f"No launch template has a complete {' or '.join(missing)}.")
    return ServiceVariables(portal=found[PortalEnvironment], worker=found[WorkerEnvironment])


def deploy_without_terraform(
    aws_port: int, console: Console, *, upload_origins: Sequence[str] = ()
) -> ServiceVariables:
    """Create only the bucket, queue and secrets, for work on the portal and the worker.

    Args:
        aws_port: Port of the AWS emulator.
        console: Where progress is shown.
        upload_origins: Origins of the portal, whose pages upload to the bucket. Default: none.
    """
    with step("Creating the bucket, queue and secrets", console):
        bucket = f"{ENVIRONMENT}-media"
        resources.create_bucket(aws.client("s3", aws_port), bucket, upload_origins=upload_origins)
        queue_url = resources.create_queue(
            aws.client("sqs", aws_port),
            f"{ENVIRONMENT}-videos",
            visibility_seconds=LOOPBACK_WORKER["visibility_seconds"],
        )
        manager = aws.client("secretsmanager", aws_port)
        credentials = json.dumps({"username": "anb", "password": secrets.token_urlsafe(24)})
        shared: dict[str, Any] = {
            "environment_name": ENVIRONMENT,
            "release": "working-copy",
            "database_host": "127.0.0.1",
            "database_port": 5432,
            "database_name": "anb",
            "database_secret_arn": resources.create_secret(manager, f"{ENVIRONMENT}/database", credentials),
            "media_bucket": bucket,
            "queue_url": queue_url,
        }
        token_secret = resources.create_secret(manager, f"{ENVIRONMENT}/token", secrets.token_urlsafe(48))
        portal = PortalEnvironment(**shared, **LOOPBACK_PORTAL, token_secret_arn=token_secret)
        worker = WorkerEnvironment(**shared, **LOOPBACK_WORKER)
    return ServiceVariables(portal=portal.as_variables(), worker=worker.as_variables())


def database_credentials(aws_port: int, secret_arn: str) -> DatabaseCredentials:
    """Read the database's secret, created by RDS or by `deploy_without_terraform`."""
    secret = aws.client("secretsmanager", aws_port).get_secret_value(SecretId=secret_arn)
    values = json.loads(secret["SecretString"])
    return DatabaseCredentials(values["username"], values["password"])
