"""Connections to PostgreSQL with the current credentials from Secrets Manager."""

from __future__ import annotations

import functools
import json
import os
import select
import ssl
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DisconnectionError
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_chain, wait_fixed

from services.environment import ServiceEnvironment
from services.shared.secrets import SecretStore

DRIVER_URL = "postgresql+psycopg://"

RDS_CA_BUNDLE = Path(__file__).with_name("rds_ca_bundle.pem")
"""The root certificates of RDS in all commercial regions, an unmodified copy of AWS's file.
https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem, described in
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html"""


def rds_certificates(region: str) -> str:
    """Return the root certificates of RDS in a region, in PEM; empty if the bundle has none.

    Args:
        region: AWS region.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(RDS_CA_BUNDLE)
    described: list[Any] = context.get_ca_certs()
    names = [dict(part for parts in each["subject"] for part in parts) for each in described]
    certificates = zip(names, context.get_ca_certs(binary_form=True), strict=True)
    return "".join(
        ssl.DER_cert_to_PEM_cert(der)
        for name, der in certificates
        if name["commonName"].startswith(f"Amazon RDS {region} ")
    )


@functools.cache
def rds_ca_file(region: str) -> str:
    """Return the path of a file in memory with RDS's certificates of a region; forked processes share it.

    With the whole bundle, each connection would load over a hundred certificates, tens of milliseconds of CPU, and
    trust the authorities of other regions.

    Args:
        region: AWS region.

    Raises:
        ValueError: The bundle has no certificates of the region.
    """
    certificates = rds_certificates(region)
    if not certificates:
        raise ValueError(
            f"AWS_REGION is {region!r}; must be a region with certificates in {RDS_CA_BUNDLE.name}. "
            "Fix: deploy a release with AWS's current file."
        )
    file = os.memfd_create("rds-ca")
    os.write(file, certificates.encode())
    return f"/proc/self/fd/{file}"


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
            **self._tls(),
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

    def _tls(self) -> dict[str, Any]:
        environment = self._environment
        mode = environment.database_ssl_mode
        if mode == "disable":
            return {"sslmode": mode}
        return {"sslmode": mode, "sslrootcert": environment.database_ca_file or rds_ca_file(environment.aws_region)}


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
