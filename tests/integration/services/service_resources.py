"""Resources that the tests of a process share in turn: a database, a bucket, a queue, secrets and AWS clients.

Each test gets them empty. A test that changes more than their content, such as a schema, a role or a secret's text,
requests separate ones: ``@pytest.mark.own("database", "secrets")``.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import boto3
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Engine

from emulator import aws, resources
from operations.local.deployment import LOOPBACK_PORTAL
from services.environment import PortalEnvironment
from services.shared.aws import aws_client
from services.shared.database import DatabaseConnector, open_engine
from services.shared.secrets import SecretStore
from tests.servers import new_bucket, new_queue

MEBIBYTE = 2**20
KINDS = ("database", "bucket", "queue", "secrets")
#: These fixtures start processes, which may outlive their test briefly.
_PROCESSES = {"start_portal", "start_worker"}
_CALLED_SEQUENCES = """
    SELECT DISTINCT depend.refobjid::regclass::text FROM pg_sequences JOIN pg_depend AS depend
    ON depend.objid = format('%I.%I', schemaname, sequencename)::regclass AND depend.deptype = 'a'
    WHERE last_value IS NOT NULL
"""
_SHARED = pytest.StashKey["Shared"]()


def needs_own(request: pytest.FixtureRequest, kind: str) -> bool:
    """Return whether a test needs a separate database, bucket, queue or secrets.

    Args:
        request: Request of a fixture of the test.
        kind: One of `KINDS`.
    """
    named = {name for mark in request.node.iter_markers("own") for name in mark.args}
    assert named <= set(KINDS), f"{request.node.nodeid}: own() takes {', '.join(KINDS)}"
    return kind in named or (kind != "secrets" and not _PROCESSES.isdisjoint(request.fixturenames))


@cache
def make_secrets(port: int, database_user: str, database_password: str, _: str = "shared") -> tuple[str, str]:
    """Return the ARNs of the database secret and of the token secret; the same for the same arguments."""
    manager, name = aws.client("secretsmanager", port), uuid.uuid4().hex
    credentials = json.dumps({"username": database_user, "password": database_password})
    return (
        resources.create_secret(manager, f"{name}-database", credentials),
        resources.create_secret(manager, f"{name}-tokens", uuid.uuid4().hex),
    )


def make_environment(
    *, database_url: str, bucket: str, queue_url: str, aws_port: int, own_secrets: bool = False
) -> PortalEnvironment:
    """Create the environment of a portal."""
    database = conninfo_to_dict(database_url)
    login = (aws_port, str(database["user"]), str(database["password"]))
    database_secret, token_secret = make_secrets(*login, uuid.uuid4().hex) if own_secrets else make_secrets(*login)
    return PortalEnvironment(
        **(LOOPBACK_PORTAL | {"max_upload_bytes": MEBIBYTE}),
        environment_name="test",
        release="0" * 64,
        database_host=str(database["host"]),
        database_port=int(str(database["port"])),
        database_name=str(database["dbname"]),
        database_secret_arn=database_secret,
        media_bucket=bucket,
        queue_url=queue_url,
        token_secret_arn=token_secret,
    )


@contextmanager
def opened_engine(environment: PortalEnvironment) -> Iterator[Engine]:
    """Create an engine as in the services."""
    secrets = SecretStore(aws_client("secretsmanager", environment.aws_region))
    engine = open_engine(DatabaseConnector(environment, secrets), pool_size=20)
    yield engine
    engine.dispose()


class SharedDatabase:
    """Migrated database that is emptied before each test that uses it.

    Args:
        url: URL of a copy of the migrated template, as its owner.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.name = urlsplit(url).path.removeprefix("/")
        self._connection = psycopg.connect(url, autocommit=True, options="-c lock_timeout=10s")
        execute = self._connection.execute
        self._tables = [
            str(name) for (name,) in execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        ]
        self._tables.remove("schema_migrations")
        self._referring: dict[str, set[str]] = {}
        keys = "SELECT confrelid::regclass::text, conrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"
        for table, referring in execute(keys):
            self._referring.setdefault(table, set()).add(referring)
        # Rows inserted by the migrations.
        self._seeds = {table: rows for table in self._tables if (rows := self._rows(table)) is not None}
        self._schema = self._read_schema()
        self._written_query = " UNION ALL ".join(
            [
                *(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in self._tables),
                _CALLED_SEQUENCES,
            ]
        )

    def empty(self) -> None:
        """Restore the state after the migrations: only their rows, and every sequence at its start."""
        written = {str(name) for (name,) in self._connection.execute(self._written_query)} - self._seeds.keys()
        written |= {name for name, rows in self._seeds.items() if self._rows(name) != rows}
        while more := set().union(*(self._referring.get(name, set()) for name in written)) - written:
            written |= more
        if not written:
            return
        try:
            self._connection.execute(f"TRUNCATE {', '.join(sorted(written))} RESTART IDENTITY")
        except psycopg.errors.LockNotAvailable:
            raise AssertionError(f"connections left by a test hold locks: {self._busy()}") from None
        for name in sorted(written & self._seeds.keys()):
            insert = f"INSERT INTO {name} SELECT * FROM jsonb_populate_recordset(NULL::{name}, %s)"
            self._connection.execute(insert, [self._seeds[name]])

    def check_schema(self) -> None:
        """Assert that a test did not change the schema."""
        assert self._read_schema() == self._schema, "the test changed the schema: mark it with own('database')"

    def close(self) -> None:
        self._connection.close()

    def _rows(self, table: str) -> str | None:
        query = f"SELECT jsonb_agg(to_jsonb(t) ORDER BY to_jsonb(t))::text FROM {table} AS t"
        (rows,) = self._connection.execute(query).fetchone() or (None,)
        return rows

    def _read_schema(self) -> object:
        return self._connection.execute(
            "SELECT (SELECT array_agg((relname, attname, atttypid, attnotnull) ORDER BY attrelid, attnum) "
            "FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid "
            "WHERE relnamespace = 'public'::regnamespace)::text, "
            "(SELECT array_agg(oid ORDER BY oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace)::text, "
            "(SELECT array_agg(oid ORDER BY oid) FROM pg_trigger)::text, "
            "(SELECT array_agg(oid ORDER BY oid) FROM pg_constraint)::text"
        ).fetchone()

    def _busy(self) -> list[tuple[Any, ...]]:
        query = (
            "SELECT pid, application_name, state, query FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"
        )
        return self._connection.execute(query).fetchall()


@dataclass
class Shared:
    """Resources that the tests of a process share.

    Args:
        database: Database; emptied before each test that uses it.
        bucket: Name of the bucket; emptied likewise.
        queue_url: URL of the queue; emptied likewise, with its dead-letter queue.
        engine: Engine of the database.
        aws_port: Port of the AWS emulator.
        written: AWS services with modifying calls since they were emptied.
    """

    database: SharedDatabase
    bucket: str
    queue_url: str
    engine: Engine
    aws_port: int
    written: set[str]

    def holds(self, environment: PortalEnvironment) -> bool:
        """Return whether an environment uses only shared resources."""
        shared = self.environment
        return all(
            getattr(environment, name) == getattr(shared, name)
            for name in ("database_port", "database_name", "media_bucket", "queue_url", "database_secret_arn",
                         "token_secret_arn", "log_group")
        )  # fmt: skip

    @property
    def environment(self) -> PortalEnvironment:
        """Environment of a portal on the shared resources."""
        return make_environment(
            database_url=self.database.url, bucket=self.bucket, queue_url=self.queue_url, aws_port=self.aws_port
        )

    def empty_bucket(self) -> None:
        """Delete all objects and multipart uploads."""
        if "s3" not in self.written:
            return
        s3 = aws.client("s3", self.aws_port)
        for found in s3.list_objects_v2(Bucket=self.bucket).get("Contents", []):
            s3.delete_object(Bucket=self.bucket, Key=found["Key"])
        for found in s3.list_multipart_uploads(Bucket=self.bucket).get("Uploads", []):
            s3.abort_multipart_upload(Bucket=self.bucket, Key=found["Key"], UploadId=found["UploadId"])
        self.written.discard("s3")

    def empty_queue(self) -> None:
        """Recreate the queue under the same name, because SQS allows one purge per minute."""
        if "sqs" not in self.written:
            return
        for url in (self.queue_url, f"{self.queue_url}-dlq"):
            aws.client("sqs", self.aws_port).delete_queue(QueueUrl=url)
        assert new_queue(self.aws_port, self.queue_url.rpartition("/")[2]) == self.queue_url
        self.written.discard("sqs")


@contextmanager
def shared_by(config: pytest.Config, *, database_url: str, aws_port: int, written: set[str]) -> Iterator[Shared]:
    """Create the shared resources of a process; `shared_of` returns them."""
    bucket, queue_url, database = new_bucket(aws_port), new_queue(aws_port), SharedDatabase(database_url)
    environment = make_environment(database_url=database_url, bucket=bucket, queue_url=queue_url, aws_port=aws_port)
    with opened_engine(environment) as engine:
        config.stash[_SHARED] = Shared(database, bucket, queue_url, engine, aws_port, written)
        yield config.stash[_SHARED]
        del config.stash[_SHARED]
    database.close()


def shared_of(config: pytest.Config) -> Shared | None:
    """Return the shared resources of a process, or None."""
    return config.stash.get(_SHARED, None)


@contextmanager
def shared_clients() -> Iterator[set[str]]:
    """Create each boto3 client once per process; yield the services with modifying calls.

    Creating a client takes longer than most calls of the AWS emulator, and threads may share it. The cache key is
    everything that a test may change: the arguments and the environment variables.
    """
    create, clients, written = boto3.client, dict[str, Any](), set[str]()
    # Clients created before are not tracked.
    aws.client.cache_clear()

    def client(service: str, **arguments: Any) -> Any:
        described = {name: vars(value) if name == "config" and value else value for name, value in arguments.items()}
        variables = sorted(item for item in os.environ.items() if item[0].startswith("AWS_"))
        key = repr((service, sorted(described.items()), variables))
        if key not in clients:
            clients[key] = create(service, **arguments)
            clients[key].meta.events.register(f"before-call.{service}", _record_writes(service, written))
        return clients[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boto3, "client", client)
        yield written


def _record_writes(service: str, written: set[str]) -> Callable[..., None]:
    def record(model: Any, **_: Any) -> None:
        if not model.name.startswith(("Get", "List", "Head")):
            written.add(service)

    return record
