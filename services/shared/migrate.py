"""Database migrations: ``python -m services.shared.migrate up`` migrates the schema to the release's version.

Each migration is a pair ``NNN_name.up.sql`` and ``NNN_name.down.sql`` and runs in one transaction.
Several processes may run it at once: an advisory lock lets one migrate while the others wait.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from services.environment import EnvironmentProblem, ServiceEnvironment
from services.shared.aws import aws_client
from services.shared.database import DatabaseConnector
from services.shared.secrets import SecretStore

FOLDER = Path(__file__).resolve().parent.parent / "migrations"
USAGE = "usage: python -m services.shared.migrate up | down [COUNT] | status"
_LOCK = 0x414E42  # arbitrary key of the advisory lock
_NAME = re.compile(r"(\d{3})_([a-z0-9_]+)\.up\.sql")


class MigrationProblem(ValueError):
    """The migration files are invalid or do not match the database."""


@dataclass(frozen=True)
class Migration:
    """One migration."""

    version: int
    name: str
    up: str
    down: str

    @property
    def checksum(self) -> str:
        """Hash of the up file, stored in the database to detect changes to it."""
        return hashlib.sha256(self.up.encode()).hexdigest()


def read_migrations(folder: Path = FOLDER) -> list[Migration]:
    """Read the migrations of a folder, in order.

    Raises:
        MigrationProblem: A file has an invalid name or no counterpart, or a number is missing or used twice.
    """
    migrations: list[Migration] = []
    for path in sorted(folder.glob("*.up.sql")):
        match = _NAME.fullmatch(path.name)
        if not match:
            raise MigrationProblem(f"{path.name}: must be named NNN_name.up.sql, in lowercase letters, digits and _")
        down = path.with_name(path.name.replace(".up.sql", ".down.sql"))
        if not down.exists():
            raise MigrationProblem(f"{path.name}: {down.name} is missing. Fix: write the downgrade")
        migrations.append(Migration(int(match[1]), match[2], path.read_text(), down.read_text()))
    for expected, migration in enumerate(migrations, start=1):
        if migration.version != expected:
            raise MigrationProblem(
                f"{migration.version:03}_{migration.name}: must have number {expected:03}; "
                "numbers start at 001 without gaps"
            )
    return migrations


def upgrade(connection: psycopg.Connection[Any], migrations: list[Migration]) -> list[Migration]:
    """Apply the missing migrations; return them.

    Raises:
        MigrationProblem: An applied migration was changed.
    """
    with _Locked(connection):
        applied = _applied(connection)
        for migration in migrations:
            known = applied.get(migration.version)
            if known is not None and known != migration.checksum:
                raise MigrationProblem(
                    f"{migration.version:03}_{migration.name}: was changed after it was applied. "
                    "Fix: restore the file and put the change into a new migration"
                )
        missing = [migration for migration in migrations if migration.version not in applied]
        for migration in missing:
            with connection.transaction():
                connection.execute(migration.up.encode())
                connection.execute(
                    "INSERT INTO schema_migrations (version, name, checksum) VALUES (%s, %s, %s)",
                    (migration.version, migration.name, migration.checksum),
                )
        return missing


def downgrade(connection: psycopg.Connection[Any], migrations: list[Migration], count: int) -> list[Migration]:
    """Revert the last migrations; return them.

    Args:
        count: Maximum number of migrations.
    """
    with _Locked(connection):
        applied = _applied(connection)
        last = [migration for migration in reversed(migrations) if migration.version in applied][:count]
        for migration in last:
            with connection.transaction():
                connection.execute(migration.down.encode())
                connection.execute("DELETE FROM schema_migrations WHERE version = %s", (migration.version,))
        return last


def pending(connection: psycopg.Connection[Any], migrations: list[Migration]) -> list[Migration]:
    """Return the migrations that are not applied."""
    with _Locked(connection):
        applied = _applied(connection)
        return [migration for migration in migrations if migration.version not in applied]


class _Locked:
    """Context manager that holds the advisory lock of the migrations."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        # Without timeouts, because a process may wait for a long migration of another.
        self._connection.autocommit = True
        self._connection.execute("SET statement_timeout = 0")
        self._connection.execute("SET lock_timeout = 0")
        self._connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))

    def __exit__(self, *_: object) -> None:
        if not self._connection.broken:
            self._connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))


def _applied(connection: psycopg.Connection[Any]) -> dict[int, str]:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations ("
        "version INT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, "
        "applied_at TIMESTAMPTZ NOT NULL DEFAULT now())"
    )
    return dict(connection.execute("SELECT version, checksum FROM schema_migrations").fetchall())


def main(arguments: list[str]) -> int:
    """Run a command against the database named by the environment variables; return the exit code."""
    migrations = read_migrations()
    try:
        environment = ServiceEnvironment.from_variables(os.environ)
    except EnvironmentProblem as problem:
        print(problem, file=sys.stderr)  # noqa: T201
        return 1
    connect = DatabaseConnector(environment, SecretStore(aws_client("secretsmanager", environment.aws_region)))
    match arguments:
        case ["up"]:
            verb, command = "applied", partial(upgrade, migrations=migrations)
        case ["down", *rest] if len(rest) <= 1 and all(text.isdigit() and int(text) > 0 for text in rest):
            count = int(rest[0]) if rest else 1
            verb, command = "reverted", partial(downgrade, migrations=migrations, count=count)
        case ["status"]:
            verb, command = "pending", partial(pending, migrations=migrations)
        case _:
            print(USAGE, file=sys.stderr)  # noqa: T201
            return 1
    try:
        with connect() as connection:
            steps = command(connection)
    except (MigrationProblem, psycopg.OperationalError) as problem:
        print(problem, file=sys.stderr)  # noqa: T201
        return 1
    for step in steps:
        print(f"{verb} {step.version:03}_{step.name}")  # noqa: T201
    if not steps:
        print(f"nothing {verb}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
