"""The instances in service, one of each service: booted for the first test that asks, and kept for those after it."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.boot.region import BootedInstance
from benchmarks.boot.rollout import Rollout


@dataclass(kw_only=True)
class Fleet:
    """What is in service now.

    Args:
        rollout: brings instances into service and takes them out.
        serving: by service.
    """

    rollout: Rollout
    serving: dict[str, BootedInstance] = field(default_factory=dict)

    def of(self, service: str) -> BootedInstance:
        """The instance of a service."""
        if service not in self.serving:
            self.serving[service] = self.rollout.launch(service)
        return self.serving[service]

    def replace(self, service: str) -> tuple[BootedInstance, str | None]:
        """Put an instance of the newest launch template into the place of the old one.

        Returns:
            The new one, and what the old one said to Auto Scaling when it had finished.
        """
        old = self.of(service)
        self.serving[service] = self.rollout.launch(service)
        return self.serving[service], self.rollout.terminate(old)
