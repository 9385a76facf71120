"""The instances in service, one per service; each boots for the first test that needs it."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.boot.region import BootedInstance
from benchmarks.boot.rollout import Rollout


@dataclass(kw_only=True)
class RunningInstances:
    """The instances in service.

    Args:
        rollout: launches and terminates instances.
        serving: instances by service.
    """

    rollout: Rollout
    serving: dict[str, BootedInstance] = field(default_factory=dict)

    def of(self, service: str) -> BootedInstance:
        """Return the instance of a service; launch it if necessary."""
        if service not in self.serving:
            self.serving[service] = self.rollout.launch(service)
        return self.serving[service]

    def replace(self, service: str) -> tuple[BootedInstance, str | None]:
        """Replace the instance of a service by one of the newest launch template.

        Returns:
            The new instance, and the lifecycle result that the old one reported to Auto Scaling.
        """
        old = self.of(service)
        self.serving[service] = self.rollout.launch(service)
        return self.serving[service], self.rollout.terminate(old)
