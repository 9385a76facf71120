"""Fixtures of the services' tests: an environment with a real database, bucket, queue and secrets."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine

from services.environment import PortalEnvironment
from tests import service_calls
from tests.integration.services.service_resources import (
    Shared,
    make_environment,
    needs_own,
    opened_engine,
    shared_by,
    shared_clients,
    shared_of,
)
from tests.integration.services.world import World, make_world
from tests.servers import copied_database
from workspace.postgres import Cluster

LANES = {"portal": ("portal",), "worker": ("worker",), "shared": ("logging",)}
"""The programs whose calls the tests of a folder record completely."""

STARTS = "starts: one PostgreSQL 16 and one AWS emulator on loopback, when a test first needs them"


def pytest_report_header() -> str:
    return STARTS


@pytest.fixture(scope="session", autouse=True)
def written_services() -> Iterator[set[str]]:
    """AWS services with modifying calls. Each boto3 client is created once."""
    with shared_clients() as written:
        yield written


@pytest.fixture(scope="session", autouse=True)
def recorded_calls(request: pytest.FixtureRequest, aws_calls: Path) -> Iterator[None]:
    """Compare the services' calls of AWS with ``tests/service_calls.json``, which the roles are compared with."""
    with service_calls.recording() as recorded:
        yield
    for program in ("worker", "logging"):
        recorded[program].update(service_calls.actions_in(aws_calls, agent=f"app/{program}"))
    for folder, programs in LANES.items():
        complete = service_calls.is_complete(request.session, Path(__file__).parent / folder)
        service_calls.assert_recorded(recorded, programs, complete=complete)


@pytest.fixture(scope="session")
def shared(
    request: pytest.FixtureRequest,
    postgres_server: Cluster,
    migrated_template: str,
    aws_endpoint: str,
    aws_port: int,
    written_services: set[str],
) -> Iterator[Shared]:
    """Resources that the tests of this process share. Each test gets them empty."""
    with (
        copied_database(postgres_server, template=migrated_template, owner="anb") as database_url,
        shared_by(request.config, database_url=database_url, aws_port=aws_port, written=written_services) as shared,
    ):
        yield shared


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of a migrated database without people or videos."""
    if needs_own(request, "database"):
        yield request.getfixturevalue("database_url")
        return
    database = request.getfixturevalue("shared").database
    database.empty()
    yield database.url
    database.check_schema()


@pytest.fixture
def media_bucket(request: pytest.FixtureRequest) -> str:
    """Name of an empty bucket."""
    if needs_own(request, "bucket"):
        return str(request.getfixturevalue("media_bucket"))
    shared: Shared = request.getfixturevalue("shared")
    shared.empty_bucket()
    return shared.bucket


@pytest.fixture
def queue_url(request: pytest.FixtureRequest) -> str:
    """URL of an empty queue with a dead-letter queue."""
    if needs_own(request, "queue"):
        return str(request.getfixturevalue("queue_url"))
    shared: Shared = request.getfixturevalue("shared")
    shared.empty_queue()
    return shared.queue_url


@pytest.fixture
def portal_environment(
    request: pytest.FixtureRequest, database_url: str, media_bucket: str, queue_url: str, aws_port: int
) -> PortalEnvironment:
    """Environment of a portal for this test."""
    return make_environment(
        database_url=database_url,
        bucket=media_bucket,
        queue_url=queue_url,
        aws_port=aws_port,
        own_secrets=needs_own(request, "secrets"),
    )


@pytest.fixture
def engine(request: pytest.FixtureRequest, portal_environment: PortalEnvironment) -> Iterator[Engine]:
    """Engine on the test's database, created as in the services."""
    shared = shared_of(request.config)
    if shared is not None and shared.database.name == portal_environment.database_name:
        yield shared.engine
        # Discards connection settings that the test changed.
        shared.engine.dispose()
        return
    with opened_engine(portal_environment) as opened:
        yield opened


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """Connection in AUTOCOMMIT."""
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as opened:
        yield opened


@pytest.fixture
def world(connection: Connection) -> World:
    """Creates people and videos without the portal."""
    return make_world(connection)


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[socket.socket]:
    """Socket that receives notifications to systemd."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(240)
        yield listener
