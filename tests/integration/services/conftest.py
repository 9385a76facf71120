"""What the tests of the services share: an environment whose database, bucket, queue and secrets are real."""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Engine

from operations.local import aws, resources
from services.core.aws import aws_client
from services.core.database import DatabaseConnector, open_engine
from services.core.secrets import SecretStore
from services.environment import PortalEnvironment

MEBIBYTE = 2**20


@pytest.fixture
def portal_environment(database_url: str, media_bucket: str, queue_url: str, aws_port: int) -> PortalEnvironment:
    """The environment of a portal of this test alone."""
    database = conninfo_to_dict(database_url)
    secrets_manager = aws.client("secretsmanager", aws_port)
    name = uuid.uuid4().hex
    credentials = json.dumps({"username": database["user"], "password": database["password"]})
    return PortalEnvironment(
        environment_name="test",
        aws_region=aws.REGION,
        release="0" * 64,
        database_host=str(database["host"]),
        database_port=int(str(database["port"])),
        database_name=str(database["dbname"]),
        database_secret_arn=resources.create_secret(secrets_manager, f"{name}-database", credentials),
        database_ssl_mode="disable",
        media_bucket=media_bucket,
        queue_url=queue_url,
        log_group=None,
        portal_host="127.0.0.1",
        portal_port=8080,
        drain_seconds=0,
        token_secret_arn=resources.create_secret(secrets_manager, f"{name}-tokens", uuid.uuid4().hex),
        token_seconds=3600,
        secure_cookies=False,
        proxy_hops=0,
        max_upload_bytes=MEBIBYTE,
        public_hosts=(),
        cors_origins=(),
        revoke_bearer_on_logout=False,
    )


@pytest.fixture
def engine(portal_environment: PortalEnvironment) -> Iterator[Engine]:
    """An engine as the services open it, on the database of this test."""
    secrets = SecretStore(aws_client("secretsmanager", portal_environment.aws_region))
    opened = open_engine(DatabaseConnector(portal_environment, secrets), pool_size=20)
    yield opened
    opened.dispose()


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[socket.socket]:
    """The socket on which systemd would listen for what a service tells it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(60)
        yield listener
