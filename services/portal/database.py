"""The portal's database connections. The SQL is in services.contest and services.videos."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, text

from services.shared.database import DRIVER_URL, DatabaseConnector, engine_options

db = SQLAlchemy()


def register(app: Flask, connector: DatabaseConnector, *, pool_size: int) -> None:
    """Configure an application's engine.

    Args:
        connector: Opens the connections.
        pool_size: Maximum number of connections of the process.
    """
    app.config["SQLALCHEMY_DATABASE_URI"] = DRIVER_URL
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(connector, pool_size=pool_size)
    db.init_app(app)


@contextmanager
def statements() -> Iterator[Connection]:
    """Open a connection in AUTOCOMMIT mode: each statement is its own transaction and saves two round trips."""
    with db.engine.connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def transaction() -> Iterator[Connection]:
    """Open a connection and commit its statements together, or none of them."""
    with db.engine.begin() as connection:
        yield connection


def schema_version(connection: Connection) -> int:
    """Return the number of the last applied migration."""
    return int(connection.execute(text("SELECT coalesce(max(version), 0) FROM schema_migrations")).scalar_one())
