"""Environment variables that are overridden on this machine, because the AWS emulator does not run what they name.

All other variables are used as deployed: the names of the bucket, queue and database, the secrets, all numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from emulator import aws
from workspace.ports import LOOPBACK
from workspace.processes import STOP_SECONDS


@dataclass(frozen=True, kw_only=True)
class DatabaseTls:
    """The database behind TLS, as on RDS.

    Args:
        port: Port that accepts TLS connections only.
        ca_file: Certificate of the authority that signed the server's, in PEM.
    """

    port: int
    ca_file: Path


@dataclass(frozen=True, kw_only=True)
class LocalPorts:
    """Ports of the local programs on loopback.

    Args:
        database_port: Port of PostgreSQL.
        aws_port: Port of the AWS emulator.
        portal_port: Port of the portal.
        tls: Where the services find the database over TLS. Default: without TLS, at ``database_port``.
    """

    database_port: int
    aws_port: int
    portal_port: int
    tls: DatabaseTls | None = None


def apply_local_overrides(deployed: Mapping[str, str], ports: LocalPorts) -> dict[str, str]:
    """Return a service's environment variables for this machine.

    Args:
        deployed: Variables from the launch template's user data.
        ports: Ports of the local programs.
    """
    overrides = {
        # The emulator's RDS has an address but no server.
        "DATABASE_HOST": LOOPBACK,
        **_database_overrides(ports),
        # The emulator's load balancer forwards nothing: browsers connect to the portal directly, without TLS.
        "PORTAL_HOST": LOOPBACK,
        "PORTAL_PORT": str(ports.portal_port),
        "PROXY_HOPS": "0",
        # No load balancer has to notice the shutdown.
        "DRAIN_SECONDS": "0",
        # `./anb logs` shows the programs' output.
        "LOG_GROUP": "",
        # Some distributions let only root create a network namespace.
        "REQUIRE_ISOLATION": "False",
        "SECURE_COOKIES": "False",
        # Browsers use this machine's host names, not the site's.
        "PUBLIC_HOSTS": "",
        # A local stop does not wait for the longest video.
        "STOP_SECONDS": str(STOP_SECONDS),
    }
    applicable = {name: value for name, value in overrides.items() if name in deployed}
    # There is no instance role, and AWS's own endpoints must not be called.
    return {**aws.client_variables(ports.aws_port, region=deployed["AWS_REGION"]), **deployed, **applicable}


def _database_overrides(ports: LocalPorts) -> dict[str, str]:
    if ports.tls is None:
        return {"DATABASE_PORT": str(ports.database_port), "DATABASE_SSL_MODE": "disable", "DATABASE_CA_FILE": ""}
    return {
        "DATABASE_PORT": str(ports.tls.port),
        "DATABASE_SSL_MODE": "verify-full",
        "DATABASE_CA_FILE": str(ports.tls.ca_file),
    }
