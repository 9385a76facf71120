"""Servers that tests of several folders share: a real PostgreSQL and the embedded AWS, one of each per test process.

Each starts when a test first asks for it, and what it needs is imported then: tests that start nothing begin at once.
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

# A busy machine is slow and not wrong: no test fails on a clock. Every run tries the same examples;
# --hypothesis-profile=random, which ./anb test --all passes, tries new ones.
settings.register_profile("fixed", deadline=None, derandomize=True)
settings.register_profile("random", deadline=None)
settings.load_profile("fixed")

OWNER = "anb"
TEMPLATE = "anb_template"
MEMORY = Path("/dev/shm")
"""Where Linux keeps files in memory."""
ROOM_BYTES = 4 * 2**30
"""Its log alone grows to 1 GiB, and more than one lane has a server."""


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A PostgreSQL server that is thrown away after the run; in memory where there is room."""
    from workspace.ports import free_port
    from workspace.postgres import Cluster

    roomy = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM_BYTES
    with tempfile.TemporaryDirectory(prefix="anb-tests-", dir=MEMORY if roomy else None) as folder:
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
    """The name of a database with every migration applied, from which the others are copied."""
    import psycopg

    from services.shared.migrate import read_migrations, upgrade

    postgres_server.ensure_database(TEMPLATE, owner=OWNER)
    with psycopg.connect(postgres_server.url(TEMPLATE, user=OWNER)) as connection:
        upgrade(connection, read_migrations())
    return TEMPLATE


@pytest.fixture
def empty_database_url(postgres_server: Cluster) -> Iterator[str]:
    """The URL of a database nothing was done to."""
    name = f"test_{uuid.uuid4().hex}"
    postgres_server.ensure_database(name, owner=OWNER)
    yield postgres_server.url(name, user=OWNER)
    postgres_server.drop_database(name)


@pytest.fixture
def database_url(postgres_server: Cluster, migrated_template: str) -> Iterator[str]:
    """The URL of a migrated database of this test alone."""
    with copied_database(postgres_server, template=migrated_template, owner=OWNER) as url:
        yield url


@pytest.fixture(scope="session")
def aws_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    from emulator import aws
    from workspace.ports import free_port

    port = free_port()
    server = aws.start(port, log=tmp_path_factory.mktemp("aws") / "moto.log")
    yield port
    server.stop()


@pytest.fixture(scope="session")
def aws_endpoint(aws_port: int) -> Iterator[str]:
    """The URL of the embedded AWS, which every boto3 client made without arguments then talks to."""
    from emulator import aws

    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in aws.client_variables(aws_port).items():
            patch.setenv(name, value)
        yield aws.endpoint(aws_port)


@pytest.fixture
def media_bucket(aws_endpoint: str, aws_port: int) -> str:
    """The name of an empty bucket of this test alone."""
    return new_bucket(aws_port)


@pytest.fixture
def queue_url(aws_endpoint: str, aws_port: int) -> str:
    """The URL of an empty queue (with its dead-letter queue) of this test alone."""
    return new_queue(aws_port)
