"""Options and variables that the portal's and the workers' instances share."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

from constructs_lib import InstanceOptions, PostgresDatabase, Queue, Release, SessionManagerAgent
from stacks.base import AnbStack
from stacks.storage import StorageStack


def instance_options(stack: AnbStack, service: str, instance_type: str) -> InstanceOptions:
    """Return the instance options of a service.

    The emulator only records instances, which never become healthy, so the deployment does not wait for them.
    """
    settings = stack.settings
    version, _, sha256 = settings.session_manager_agent.partition(":")
    options = InstanceOptions(
        instance_type=instance_type,
        ami_id=settings.ami_id,
        existing_profile=settings.existing_instance_profile or None,
        existing_function_role=settings.existing_function_role or None,
        tags=stack.common_tags,
        log_group=log_group_name(stack, service),
        log_days=settings.log_retention_days,
        session_manager=SessionManagerAgent(version=version, sha256=sha256) if version else None,
    )
    if not settings.embedded:
        return options
    return dataclasses.replace(options, wait_for_capacity=timedelta(0))


def shared_environment(
    stack: AnbStack, service: str, storage: StorageStack, release: Release, queue: Queue, database: PostgresDatabase
) -> dict[str, Any]:
    """Return the fields of ``services.environment.ServiceEnvironment``."""
    variables = {**database.environment(), **storage.bucket.environment("MEDIA_"), **queue.environment()}
    return {
        "environment_name": stack.prefix,
        "aws_region": stack.settings.aws_region,
        "release": release.sha256,
        **{name.lower(): value for name, value in variables.items()},
        "database_port": database.port,
        "database_ca_file": None,
        "log_group": log_group_name(stack, service),
    }


def log_group_name(stack: AnbStack, service: str) -> str:
    """Return the name of a service's log group."""
    return f"/anb/{stack.prefix}/{service}"
