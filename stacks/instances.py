"""What the portal's and the workers' instances have in common."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

from constructs_lib import InstanceOptions, PostgresDatabase, Queue, Release
from stacks.base import AnbStack
from stacks.storage import StorageStack


def options(stack: AnbStack, service: str, instance_type: str) -> InstanceOptions:
    """The instances of a service.

    The emulator's instances are pretended: they never become healthy, so nothing waits for them, and it has no
    instance refresh.
    """
    settings = stack.settings
    usual = InstanceOptions(
        instance_type=instance_type,
        ami_id=settings.ami_id,
        existing_profile=settings.existing_instance_profile or None,
        tags=stack.labels,
        log_group=log_group_name(stack, service),
        log_days=settings.log_retention_days,
    )
    if not settings.embedded:
        return usual
    return dataclasses.replace(usual, rolling=False, wait_for_capacity=timedelta(0))


def shared_environment(
    stack: AnbStack, service: str, storage: StorageStack, release: Release, queue: Queue, database: PostgresDatabase
) -> dict[str, Any]:
    """The variables of ``services.environment.ServiceEnvironment``."""
    told = {**database.environment(), **storage.bucket.environment("MEDIA_"), **queue.environment()}
    return {
        "environment_name": stack.prefix,
        "aws_region": stack.settings.aws_region,
        "release": release.sha256,
        **{name.lower(): value for name, value in told.items()},
        "database_port": database.port,
        "log_group": log_group_name(stack, service),
    }


def log_group_name(stack: AnbStack, service: str) -> str:
    """The log group of a service."""
    return f"/anb/{stack.prefix}/{service}"
