"""The portal's database: Flask-SQLAlchemy owns the engine; contest and videos hold the statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, text

from services.shared.database import DRIVER_URL, DatabaseConnector, engine_options

db = SQLAlchemy()


def register(app: Flask, connector: DatabaseConnector, *, pool_size: int) -> None:
    """Give an application its engine.

    Args:
        connector: what opens connections.
        pool_size: most connections the process holds.
    """
    app.config["SQLALCHEMY_DATABASE_URI"] = DRIVER_URL
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(connector, pool_size=pool_size)
    db.init_app(app)


@contextmanager
def statements() -> Iterator[Connection]:
    """A connection on which each statement stands for itself (AUTOCOMMIT): no BEGIN, no COMMIT to wait for."""
    with db.engine.connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def transaction() -> Iterator[Connection]:
    """A connection whose statements all hold, or none does."""
    with db.engine.begin() as connection:
        yield connection


def schema_version(connection: Connection) -> int:
    """The number of the last migration that was applied."""
    return int(connection.execute(text("SELECT coalesce(max(version), 0) FROM schema_migrations")).scalar_one())
