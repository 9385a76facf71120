"""PostgreSQL on loopback: created once, requires passwords, keeps its data."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from workspace.ports import free_port, is_listening
from workspace.postgres import Cluster


def value(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def test_major_version_is_that_of_rds(postgres_server: Cluster) -> None:
    assert str(value(postgres_server.url("postgres"), "SHOW server_version")).split(".")[0] == "16"


def test_encoding_is_utf8_with_c_collation(postgres_server: Cluster) -> None:
    assert value(postgres_server.url("postgres"), "SHOW server_encoding") == "UTF8"
    assert (
        value(postgres_server.url("postgres"), "SELECT datcollate FROM pg_database WHERE datname = 'postgres'")
        == "C.UTF-8"
    )


def test_wrong_password_is_rejected(postgres_server: Cluster) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres_server.url("postgres", password="wrong"))


def test_data_survives_a_restart_in_a_folder_with_spaces(tmp_path: Path) -> None:
    cluster = Cluster(directory=tmp_path / "with a space" / "data", port=free_port(), password="secret")
    cluster.create()
    server = cluster.start(log=tmp_path / "log")
    with psycopg.connect(cluster.url("postgres")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS number")
    server.stop()
    assert not is_listening(cluster.port)

    cluster.create()
    server = cluster.start(log=tmp_path / "log")
    try:
        assert value(cluster.url("postgres"), "SELECT number FROM kept") == 42
        assert value(cluster.url("postgres"), "SHOW fsync") == "on"
    finally:
        server.stop()


def test_owner_is_no_superuser_and_its_password_can_change(postgres_server: Cluster) -> None:
    postgres_server.ensure_role("someone", "first")
    postgres_server.ensure_role("someone", "it's second")
    postgres_server.ensure_database("theirs", owner="someone")
    postgres_server.ensure_database("theirs", owner="someone")
    url = f"host=127.0.0.1 port={postgres_server.port} dbname=theirs user=someone password='it\\'s second'"
    assert value(url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False


def test_each_test_gets_fresh_databases(database_url: str, empty_database_url: str) -> None:
    assert value(database_url, "SELECT count(*) FROM videos") == 0
    assert value(empty_database_url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
