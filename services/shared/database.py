"""Connections to PostgreSQL with the credentials that Secrets Manager holds at this moment."""

from __future__ import annotations

import json
import select
from typing import Any

import psycopg
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DisconnectionError
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_chain, wait_fixed

from services.environment import ServiceEnvironment
from services.shared.secrets import SecretStore

DRIVER_URL = "postgresql+psycopg://"


def _was_refused(error: BaseException) -> bool:
    return isinstance(error, psycopg.OperationalError) and "authentication failed" in str(error)


# Whoever rotates changes the database first or the secret first; the other follows within moments.
_ROTATED = Retrying(
    retry=retry_if_exception(_was_refused),
    wait=wait_chain(wait_fixed(0), wait_fixed(0.25), wait_fixed(0.5), wait_fixed(1)),
    stop=stop_after_delay(3),
    reraise=True,
)


class DatabaseConnector:
    """Opens connections for a pool; a rotated password is picked up at the next one, and open ones live on.

    Args:
        environment: where the database is and which secret opens it.
        secrets: where the secret is read.
    """

    def __init__(self, environment: ServiceEnvironment, secrets: SecretStore) -> None:
        self._environment = environment
        self._secrets = secrets

    def __call__(self) -> psycopg.Connection[Any]:
        """Open a connection.

        Raises:
            psycopg.OperationalError: the database cannot be reached, or refuses the password for three seconds.
        """
        for attempt in _ROTATED.copy():
            with attempt:
                return self._connect(fresh=attempt.retry_state.attempt_number > 1)
        raise AssertionError("the last attempt returns or raises")

    def _connect(self, *, fresh: bool) -> psycopg.Connection[Any]:
        environment = self._environment
        credentials = json.loads(self._secrets.read(environment.database_secret_arn, fresh=fresh))
        return psycopg.connect(
            host=environment.database_host,
            port=environment.database_port,
            dbname=environment.database_name,
            user=credentials["username"],
            password=credentials["password"],
            sslmode=environment.database_ssl_mode,
            connect_timeout=3,
            # A server that is gone without a word, as after a power cut, is known for it within half a minute.
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
            tcp_user_timeout=25_000,
            # A statement or a lock that takes longer is a fault; holding a thread for it would spread it.
            options="-c statement_timeout=10s -c lock_timeout=5s -c idle_in_transaction_session_timeout=30s",
            application_name=f"anb {environment.release[:12]}",
        )


def _refuse_ended(connection: psycopg.Connection[Any], *_: object) -> None:
    """Refuse a connection of the pool that has ended: a server closes it, so that there is something to read.

    To ask each whether it lives, as SQLAlchemy's pre-ping does, is a round trip for every request and finds no more.

    Raises:
        DisconnectionError: it has ended; the pool opens another in its place.
    """
    if connection.closed:
        raise DisconnectionError
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    if waiting.poll(0):
        raise DisconnectionError


def engine_options(connector: DatabaseConnector, *, pool_size: int) -> dict[str, Any]:
    """Options of the engine that both services use.

    Args:
        connector: what opens connections.
        pool_size: most connections the process holds.
    """
    return {
        "creator": connector,
        "pool_size": pool_size,
        "max_overflow": 0,
        "pool_timeout": 5,
        # Nothing to roll back, where each statement stands for itself.
        "skip_autocommit_rollback": True,
        "pool_events": [(_refuse_ended, "checkout")],
    }


def open_engine(connector: DatabaseConnector, *, pool_size: int) -> Engine:
    """An engine for a process that is not a Flask application.

    Args:
        connector: what opens connections.
        pool_size: most connections the process holds.
    """
    return create_engine(DRIVER_URL, **engine_options(connector, pool_size=pool_size))
