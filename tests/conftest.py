"""Servers that all tests share: a real PostgreSQL and the AWS emulator, one of each per test process.

Each starts on first use and imports its modules then, so that tests without servers start quickly.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.servers import copied_database, new_bucket, new_queue

if TYPE_CHECKING:
    from workspace.postgres import Cluster

# No deadlines, because a busy machine is slow. Every run tries the same examples;
# --hypothesis-profile=random, which ./anb test --all passes, tries new ones.
settings.register_profile("fixed", deadline=None, derandomize=True)
settings.register_profile("random", deadline=None)
settings.load_profile("fixed")

OWNER = "anb"
TEMPLATE = "anb_template"
MEMORY = Path("/dev/shm")
"""A file system in memory, on Linux."""
MIN_FREE_BYTES = 4 * 2**30
"""Required free space: the server's log grows to 1 GiB, and several lanes run a server."""


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A PostgreSQL server for this run; in memory if there is enough space."""
    from workspace.ports import free_port
    from workspace.postgres import Cluster

    in_memory = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > MIN_FREE_BYTES
    with tempfile.TemporaryDirectory(prefix="anb-tests-", dir=MEMORY if in_memory else None) as folder:
        cluster = Cluster(
            directory=Path(folder) / "data", port=free_port(), password=secrets.token_urlsafe(16), durable=False
        )
        cluster.create()
        server = cluster.start(log=tmp_path_factory.mktemp("postgres") / "postgres.log")
        cluster.ensure_role(OWNER, cluster.password)
        yield cluster
        server.stop()


@pytest.fixture(scope="session")
def migrated_template(postgres_server: Cluster) -> str:
    """The name of the migrated database that tests copy."""
    import psycopg

    from services.shared.migrate import read_migrations, upgrade

    postgres_server.ensure_database(TEMPLATE, owner=OWNER)
    with psycopg.connect(postgres_server.url(TEMPLATE, user=OWNER)) as connection:
        upgrade(connection, read_migrations())
    return TEMPLATE


@pytest.fixture
def empty_database_url(postgres_server: Cluster) -> Iterator[str]:
    """The URL of an empty database."""
    name = f"test_{uuid.uuid4().hex}"
    postgres_server.ensure_database(name, owner=OWNER)
    yield postgres_server.url(name, user=OWNER)
    postgres_server.drop_database(name)


@pytest.fixture
def database_url(postgres_server: Cluster, migrated_template: str) -> Iterator[str]:
    """The URL of a migrated database for one test."""
    with copied_database(postgres_server, template=migrated_template, owner=OWNER) as url:
        yield url


@pytest.fixture(scope="session")
def aws_calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the requests to the AWS emulator; missing until it starts."""
    return tmp_path_factory.mktemp("aws") / "calls.jsonl"


@pytest.fixture(scope="session")
def aws_port(aws_calls: Path) -> Iterator[int]:
    from emulator import aws
    from workspace.ports import free_port

    port = free_port()
    server = aws.start(port, log=aws_calls.with_name("moto.log"), calls=aws_calls)
    yield port
    server.stop()


@pytest.fixture(scope="session")
def aws_endpoint(aws_port: int) -> Iterator[str]:
    """The URL of the AWS emulator, which boto3 clients created without arguments then use."""
    from emulator import aws

    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in aws.client_variables(aws_port).items():
            patch.setenv(name, value)
        yield aws.endpoint(aws_port)


@pytest.fixture
def media_bucket(aws_endpoint: str, aws_port: int) -> str:
    """The name of an empty bucket for one test."""
    return new_bucket(aws_port)


@pytest.fixture
def queue_url(aws_endpoint: str, aws_port: int) -> str:
    """The URL of an empty queue, with its dead-letter queue, for one test."""
    return new_queue(aws_port)
