"""Auto Scaling as it replaces instances: the new one is in service before the old one leaves."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.boot.region import BootedInstance, Region
from emulator.autoscaling import CONTINUE
from emulator.load_balancer import LoadBalancer
from workspace.errors import UserError

LAUNCH_SECONDS, HEALTHY_SECONDS = 300.0, 60.0
DRAIN_SECONDS = 60.0
LEAVE_SECONDS = 300.0


class NeverReady(UserError):
    """An instance was launched and did not enter service.

    Args:
        instance: which.
        result: what it said to Auto Scaling, if anything.
    """

    def __init__(self, instance: BootedInstance, result: str | None) -> None:
        said = f"{instance.machine.name} said {result or 'nothing'} to Auto Scaling."
        super().__init__(f"{said}\n{instance.machine.user_data_output()}")
        self.instance = instance
        self.result = result


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """Brings instances into service and takes them out.

    Args:
        region: where they are.
        balancer: in front of the portal's.
    """

    region: Region
    balancer: LoadBalancer

    def bring(self, service: str) -> BootedInstance:
        """Launch an instance and wait until it is in service.

        Raises:
            NeverReady: it said that it failed, or nothing in time; it is terminated.
        """
        instance = self.region.launch(service)
        result = instance.launching.wait(seconds=LAUNCH_SECONDS) if instance.launching else CONTINUE
        if result != CONTINUE:
            instance.machine.power_off()
            raise NeverReady(instance, result)
        if instance.serves:
            self.balancer.register(instance.identity.address)
            if not self.balancer.wait_until_healthy(instance.identity.address, seconds=HEALTHY_SECONDS):
                raise NeverReady(instance, result)
        return instance

    def take_away(self, instance: BootedInstance) -> str | None:
        """Let an instance leave: the load balancer lets go of it, then it is told, waited for and shut down.

        Returns:
            What it said when it had finished, where the group has a hook for that.
        """
        if instance.serves:
            self.balancer.deregister(instance.identity.address, delay=DRAIN_SECONDS)
        waiting = self.region.tell_to_leave(instance)
        result = waiting.wait(seconds=LEAVE_SECONDS) if waiting else None
        instance.machine.power_off()
        return result
