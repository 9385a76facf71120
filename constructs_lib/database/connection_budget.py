"""Connection budget of a database, checked at synth."""

from __future__ import annotations

import dataclasses
import math

RESERVED = 5
"""Connections reserved by PostgreSQL (``superuser_reserved_connections``) and RDS.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html#RDS_Limits.MaxConnections"""

_SURGE = 1.5
"""Share of the maximum capacity during a replacement: new instances start before old ones stop."""


@dataclasses.dataclass(frozen=True)
class ConnectionAllocation:
    """Maximum number of connections of one service.

    Args:
        service: name of the service.
        instances: maximum number of instances.
        connections: maximum number of connections per instance.
    """

    service: str
    instances: int
    connections: int

    @property
    def instances_during_replacement(self) -> int:
        """Maximum number of instances while they are replaced."""
        return math.ceil(self.instances * _SURGE)

    @property
    def total(self) -> int:
        """Maximum number of connections of all instances."""
        return self.instances_during_replacement * self.connections

    def __str__(self) -> str:
        instances = self.instances_during_replacement
        return f"{self.service} takes {self.total} ({instances} instances with {self.connections} each)"
