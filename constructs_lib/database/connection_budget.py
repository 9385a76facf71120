"""The connections of a database, shared out before anything is deployed."""

from __future__ import annotations

import dataclasses
import math

RESERVED = 5
"""What PostgreSQL and RDS keep for themselves: ``superuser_reserved_connections`` and RDS's own reserve.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html#RDS_Limits.MaxConnections"""

_SURGE = 1.5


@dataclasses.dataclass(frozen=True)
class ConnectionAllocation:
    """What one service takes.

    Args:
        service: its name.
        instances: how many instances it has at most.
        connections: how many each of them opens at most.
    """

    service: str
    instances: int
    connections: int

    @property
    def instances_at_once(self) -> int:
        """How many there are while they are replaced: new ones come before old ones leave."""
        return math.ceil(self.instances * _SURGE)

    @property
    def total(self) -> int:
        """What it may take at once."""
        return self.instances_at_once * self.connections

    def __str__(self) -> str:
        return f"{self.service} takes {self.total} ({self.instances_at_once} instances with {self.connections} each)"
