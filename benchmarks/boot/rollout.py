"""Replaces instances like Auto Scaling: launch before terminate."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.boot.region import BootedInstance, Region
from emulator.autoscaling import CONTINUE
from emulator.load_balancer import LoadBalancer
from workspace.errors import UserError

LAUNCH_SECONDS, HEALTHY_SECONDS = 300.0, 60.0
DRAIN_SECONDS = 60.0
TERMINATE_SECONDS = 300.0


class InstanceNotReady(UserError):
    """A launched instance did not enter service.

    Args:
        instance: the instance.
        result: lifecycle action result; None if it sent none.
    """

    def __init__(self, instance: BootedInstance, result: str | None) -> None:
        summary = f"{instance.machine.name} sent {result or 'no lifecycle action result'} to Auto Scaling."
        super().__init__(f"{summary}\n{instance.machine.user_data_output()}")
        self.instance = instance
        self.result = result


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """Launches and terminates instances, with the load balancer.

    Args:
        region: region of the instances.
        balancer: load balancer of the portal.
    """

    region: Region
    balancer: LoadBalancer

    def launch(self, service: str) -> BootedInstance:
        """Launch an instance and wait until it is in service.

        Raises:
            InstanceNotReady: it reported a failure, or nothing in time; it was terminated.
        """
        instance = self.region.launch(service)
        result = instance.launching.wait(seconds=LAUNCH_SECONDS) if instance.launching else CONTINUE
        if result != CONTINUE:
            instance.machine.power_off()
            raise InstanceNotReady(instance, result)
        if instance.serves:
            self.balancer.register(instance.identity.address)
            if not self.balancer.wait_until_healthy(instance.identity.address, seconds=HEALTHY_SECONDS):
                raise InstanceNotReady(instance, result)
        return instance

    def terminate(self, instance: BootedInstance) -> str | None:
        """Deregister an instance, run its terminating lifecycle hook, and power it off.

        Returns:
            The lifecycle action result; None if the group has no hook.
        """
        if instance.serves:
            self.balancer.deregister(instance.identity.address, delay=DRAIN_SECONDS)
        wait = self.region.begin_termination(instance)
        result = wait.wait(seconds=TERMINATE_SECONDS) if wait else None
        instance.machine.power_off()
        return result
