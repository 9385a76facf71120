"""Migrations: up and down, changed files, and several processes at once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from services.environment import PortalEnvironment
from services.shared.migrate import (
    USAGE,
    Migration,
    MigrationProblem,
    downgrade,
    main,
    pending,
    read_migrations,
    upgrade,
)

ROOT = Path(__file__).resolve().parents[4]
MIGRATIONS = read_migrations()
SCHEMA = """
    SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name <> 'schema_migrations' ORDER BY 1, 2
"""
INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'schema_migrations' ORDER BY 1"


@pytest.fixture
def database(empty_database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(empty_database_url) as connection:
        yield connection


def schema(connection: psycopg.Connection[Any]) -> list[Any]:
    return connection.execute(SCHEMA).fetchall() + connection.execute(INDEXES.encode()).fetchall()


def write(folder: Path, **files: str) -> Path:
    for name, content in files.items():
        (folder / f"{name}.sql".replace("_up.", ".up.").replace("_down.", ".down.")).write_text(content)
    return folder


def test_up_down_and_up_again(database: psycopg.Connection[Any]) -> None:
    assert upgrade(database, MIGRATIONS) == MIGRATIONS
    created = schema(database)
    assert created
    assert downgrade(database, MIGRATIONS, len(MIGRATIONS)) == MIGRATIONS[::-1]
    assert schema(database) == []
    assert upgrade(database, MIGRATIONS) == MIGRATIONS
    assert schema(database) == created


def test_each_migration_can_be_reverted(database: psycopg.Connection[Any]) -> None:
    for number in range(1, len(MIGRATIONS) + 1):
        upgrade(database, MIGRATIONS[: number - 1])
        before = schema(database)
        upgrade(database, MIGRATIONS[:number])
        downgrade(database, MIGRATIONS, 1)
        assert schema(database) == before, MIGRATIONS[number - 1].name
        upgrade(database, MIGRATIONS[:number])


def test_applied_migrations_are_skipped(database: psycopg.Connection[Any]) -> None:
    upgrade(database, MIGRATIONS[:2])
    assert pending(database, MIGRATIONS) == MIGRATIONS[2:]
    assert upgrade(database, MIGRATIONS) == MIGRATIONS[2:]
    assert pending(database, MIGRATIONS) == []


def test_changed_migration_is_rejected(database: psycopg.Connection[Any]) -> None:
    upgrade(database, MIGRATIONS)
    changed = [replace(MIGRATIONS[0], up=MIGRATIONS[0].up + " "), *MIGRATIONS[1:]]
    with pytest.raises(MigrationProblem) as caught:
        upgrade(database, changed)
    assert str(caught.value) == (
        "001_create_users: was changed after it was applied. "
        "Fix: restore the file and put the change into a new migration"
    )


def test_failed_migration_is_rolled_back(database: psycopg.Connection[Any]) -> None:
    broken = Migration(len(MIGRATIONS) + 1, "broken", "CREATE TABLE half (id INT); SELECT 1 / 0;", "")
    with pytest.raises(psycopg.errors.DivisionByZero):
        upgrade(database, [*MIGRATIONS, broken])
    assert "half" not in str(schema(database))
    assert pending(database, [*MIGRATIONS, broken]) == [broken]


def test_one_of_several_processes_migrates(empty_database_url: str) -> None:
    def run(_: int) -> int:
        with psycopg.connect(empty_database_url) as connection:
            return len(upgrade(connection, MIGRATIONS))

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(run, range(4))) == [0, 0, 0, len(MIGRATIONS)]


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (
            {"1_a_up": "", "1_a_down": ""},
            "1_a.up.sql: must be named NNN_name.up.sql, in lowercase letters, digits and _",
        ),
        (
            {"001_a_up": ""},
            "001_a.up.sql: 001_a.down.sql is missing. Fix: write the downgrade",
        ),
        (
            {"002_a_up": "", "002_a_down": ""},
            "002_a: must have number 001; numbers start at 001 without gaps",
        ),
        (
            {"001_a_up": "", "001_a_down": "", "001_b_up": "", "001_b_down": ""},
            "001_b: must have number 002; numbers start at 001 without gaps",
        ),
    ],
)
def test_invalid_files_are_rejected(tmp_path: Path, files: dict[str, str], problem: str) -> None:
    with pytest.raises(MigrationProblem) as caught:
        read_migrations(write(tmp_path, **files))
    assert str(caught.value) == problem


@pytest.fixture
def environment(portal_environment: PortalEnvironment, empty_database_url: str) -> PortalEnvironment:
    return replace(portal_environment, database_name=str(conninfo_to_dict(empty_database_url)["dbname"]))


def test_command_runs_as_a_module(environment: PortalEnvironment) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "services.shared.migrate", "up"],
        env={**os.environ, **environment.as_variables()},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == [f"applied {migration.version:03}_{migration.name}" for migration in MIGRATIONS]


@pytest.fixture
def command(
    environment: PortalEnvironment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, list[str]]]:
    """Run the command in this process; return its exit code and lines."""

    def run(*arguments: str, **changes: str) -> tuple[int, list[str]]:
        for name, value in {**environment.as_variables(), **changes}.items():
            monkeypatch.setenv(name, value)
        code = main(list(arguments))
        printed = capsys.readouterr()
        return code, (printed.out + printed.err).splitlines()

    return run


def test_command_migrates_reverts_and_lists(command: Callable[..., tuple[int, list[str]]]) -> None:
    names = [f"{migration.version:03}_{migration.name}" for migration in MIGRATIONS]
    assert command("status") == (0, [f"pending {name}" for name in names])
    assert command("up") == (0, [f"applied {name}" for name in names])
    assert command("up") == (0, ["nothing applied"])
    assert command("down") == (0, [f"reverted {names[-1]}"])
    assert command("down", "2") == (0, [f"reverted {name}" for name in names[-2:-4:-1]])


@pytest.mark.parametrize("arguments", [(), ("sideways",), ("down", "0"), ("down", "all"), ("up", "1")])
def test_invalid_arguments_print_the_usage(
    command: Callable[..., tuple[int, list[str]]], arguments: tuple[str, ...]
) -> None:
    assert command(*arguments) == (1, [USAGE])


def test_invalid_environment_is_reported(command: Callable[..., tuple[int, list[str]]]) -> None:
    code, lines = command("up", DATABASE_PORT="x")
    assert code == 1
    assert lines == ["DATABASE_PORT (port of PostgreSQL): is 'x'; must be an integer of at least 1"]


def test_unreachable_database_is_reported_without_traceback(
    command: Callable[..., tuple[int, list[str]]],
) -> None:
    code, lines = command("up", DATABASE_PORT="1")
    assert code == 1
    assert "connection" in lines[0] and "Traceback" not in "".join(lines)
