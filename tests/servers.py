"""Create a database, a bucket or a queue on the shared servers, for one test or module.

Imports are inside the functions, so that tests without servers start quickly.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workspace.postgres import Cluster


@contextmanager
def copied_database(server: Cluster, *, template: str, owner: str) -> Iterator[str]:
    """Copy a database and yield its URL; drop it, with its connections, at the end."""
    name = f"test_{uuid.uuid4().hex}"
    server.copy_database(name, template=template, owner=owner)
    yield server.url(name, user=owner)
    server.drop_database(name)


def new_bucket(port: int) -> str:
    """Create a bucket in the AWS emulator; return its name."""
    from emulator import aws, resources

    name = f"media-{uuid.uuid4().hex}"
    resources.create_bucket(aws.client("s3", port), name)
    return name


def new_queue(port: int, name: str | None = None) -> str:
    """Create a queue and its dead-letter queue in the AWS emulator; return the queue's URL."""
    from emulator import aws, resources

    name = name or f"videos-{uuid.uuid4().hex}"
    return resources.create_queue(aws.client("sqs", port), name, visibility_seconds=30, max_receives=3)
