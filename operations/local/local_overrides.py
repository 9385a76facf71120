"""What the embedded AWS can only pretend, mapped to what really runs on this machine. All of it is here.

Everything else an instance is given is used as it was deployed: the names of the bucket, the queue and the
database, the secrets, every number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from emulator import aws
from workspace.ports import LOOPBACK
from workspace.processes import STOP_SECONDS


@dataclass(frozen=True, kw_only=True)
class LocalPorts:
    """Where the programs of this machine listen, on loopback."""

    database_port: int
    aws_port: int
    portal_port: int


def on_this_machine(deployed: Mapping[str, str], here: LocalPorts) -> dict[str, str]:
    """The variables of a service on this machine, made from those its instance was given.

    Args:
        deployed: what the launch template's user-data gives the instance.
        here: where the programs of this machine listen.
    """
    pretended = {
        # The emulator's RDS has an address but no server behind it, so no certificate either.
        "DATABASE_HOST": LOOPBACK,
        "DATABASE_PORT": str(here.database_port),
        "DATABASE_SSL_MODE": "disable",
        # The emulator's load balancer forwards nothing: browsers come straight to the portal, without TLS.
        "PORTAL_HOST": LOOPBACK,
        "PORTAL_PORT": str(here.portal_port),
        "PROXY_HOPS": "0",
        # Nothing stands in front that would have to notice.
        "DRAIN_SECONDS": "0",
        # `./anb logs` shows what the programs write here.
        "LOG_GROUP": "",
        # Some distributions let only root cut a program off from the network.
        "REQUIRE_ISOLATION": "False",
        "SECURE_COOKIES": "False",
        # Browsers reach it by this machine's names and not by the site's.
        "PUBLIC_HOSTS": "",
        # Nobody waits here for the longest video when the programs are stopped.
        "STOP_SECONDS": str(STOP_SECONDS),
    }
    known = {name: value for name, value in pretended.items() if name in deployed}
    # There is no instance role, and AWS's own endpoints are not to be talked to.
    return {**aws.client_variables(here.aws_port, region=deployed["AWS_REGION"]), **deployed, **known}
