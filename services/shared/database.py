"""Connections to PostgreSQL with the current credentials from Secrets Manager."""

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


# A rotation changes the database and the secret within a few seconds of each other, in either order.
_ROTATED = Retrying(
    retry=retry_if_exception(_was_refused),
    wait=wait_chain(wait_fixed(0), wait_fixed(0.25), wait_fixed(0.5), wait_fixed(1)),
    stop=stop_after_delay(3),
    reraise=True,
)


class DatabaseConnector:
    """Opens connections for a pool. After a rotation new connections use the new password; open ones stay open.

    Args:
        environment: Address of the database and ARN of its secret.
        secrets: Store that reads the secret.
    """

    def __init__(self, environment: ServiceEnvironment, secrets: SecretStore) -> None:
        self._environment = environment
        self._secrets = secrets

    def __call__(self) -> psycopg.Connection[Any]:
        """Open a connection.

        Raises:
            psycopg.OperationalError: The database is unreachable, or rejects the password for three seconds.
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
            # Detects within 30 seconds a server that disappeared without closing its connections.
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
            tcp_user_timeout=25_000,
            # Longer statements and lock waits are faults; waiting for them would occupy all threads.
            options="-c statement_timeout=10s -c lock_timeout=5s -c idle_in_transaction_session_timeout=30s",
            application_name=f"anb {environment.release[:12]}",
        )


def _check_open(connection: psycopg.Connection[Any], *_: object) -> None:
    """Reject a pooled connection that the server has closed. Its socket is then readable.

    SQLAlchemy's pre-ping finds the same, but costs a round trip per request.

    Raises:
        DisconnectionError: The connection is closed; the pool replaces it.
    """
    if connection.closed:
        raise DisconnectionError
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        raise DisconnectionError


def engine_options(connector: DatabaseConnector, *, pool_size: int) -> dict[str, Any]:
    """Return the engine options of both services.

    Args:
        connector: Opens the connections.
        pool_size: Maximum number of connections of the process.
    """
    return {
        "creator": connector,
        "pool_size": pool_size,
        "max_overflow": 0,
        "pool_timeout": 5,
        # In AUTOCOMMIT there is nothing to roll back.
        "skip_autocommit_rollback": True,
        "pool_events": [(_check_open, "checkout")],
    }


def open_engine(connector: DatabaseConnector, *, pool_size: int) -> Engine:
    """Create an engine for a process without Flask.

    Args:
        connector: Opens the connections.
        pool_size: Maximum number of connections of the process.
    """
    return create_engine(DRIVER_URL, **engine_options(connector, pool_size=pool_size))
