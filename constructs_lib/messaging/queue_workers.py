"""Workers that take jobs from a queue, as many as the waiting jobs ask for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from constructs_lib.compute.instance_group import InstanceGroup
from constructs_lib.compute.instance_options import USUAL_INSTANCES, Capacity, InstanceOptions
from constructs_lib.compute.lifecycle import DrainPolicy
from constructs_lib.compute.release import Release
from constructs_lib.foundation import cdk, names
from constructs_lib.foundation.errors import Checks
from constructs_lib.messaging.backlog_scaling import BacklogScaling
from constructs_lib.messaging.queue import Queue
from constructs_lib.messaging.sizing import size_workers
from constructs_lib.network.network import Network


class QueueWorkers(InstanceGroup):
    """Instances that consume a queue and scale on the backlog for each of them.

    The number of waiting messages alone says nothing: ten are many for one worker and few for ten. The group is kept
    at the backlog that one instance clears within the acceptable latency.

    Args:
        network: the instances get its private subnets.
        queue: what they consume; the permission comes with it.
        release: the software they run.
        command: what runs in the release's folder: an absolute path and its arguments. It says ``READY=1`` to systemd
            when it does its work: https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
        pre_start_command: what runs to its end each time before it.
        environment: the variables both are given beside the region's; ``environment()`` of queues, buckets and
            databases makes them.
        capacity: how many: ``(minimum, maximum)``, or a ``Capacity``. At first there is the minimum.
        instances: what they are; by default t3.small with Debian 13.
        name: prefix of the names of the parts; by default it follows from the construct's path.
        group_name: name of the Auto Scaling group, by default ``name``.
        seconds_per_job: how long a usual job takes.
        acceptable_latency: how long a job may wait before it is begun, at least one job's length.
        concurrency: how many jobs one instance works at side by side.
        startup_timeout: how long an instance takes to be of use, 30 seconds to an hour.
    """

    def __init__(
        self,
        scope: cdk.Construct,
        id: str,
        *,
        network: Network,
        queue: Queue,
        release: Release,
        command: str,
        capacity: Capacity | tuple[int, int],
        seconds_per_job: float,
        acceptable_latency: timedelta,
        pre_start_command: str | None = None,
        environment: Mapping[str, str] | None = None,
        instances: InstanceOptions = USUAL_INSTANCES,
        name: str | None = None,
        group_name: str | None = None,
        concurrency: int = 1,
        startup_timeout: timedelta = timedelta(minutes=5),
    ) -> None:
        checks = Checks(scope, id)
        name = names.instance_group(checks, name)
        self.sizing = size_workers(
            checks.path,
            queue.sizing,
            seconds_per_job=seconds_per_job,
            acceptable_latency=acceptable_latency,
            concurrency=concurrency,
            startup_timeout=startup_timeout,
        )
        super().__init__(
            scope,
            id,
            network=network,
            release=release,
            command=command,
            pre_start_command=pre_start_command,
            environment=environment,
            capacity=capacity,
            instances=instances,
            name=name,
            group_name=group_name,
            stop_timeout=queue.sizing.stop_timeout,
            startup_timeout=startup_timeout,
            drain=DrainPolicy(
                timeout=self.sizing.terminate_timeout,
                heartbeat=self.sizing.terminate_heartbeat,
                protect_busy=self.sizing.scale_in_protection,
            ),
        )
        self.queue = queue
        queue.grant_consume(self)
        BacklogScaling(
            self,
            "backlog",
            name=name,
            group_name=self.group_name,
            queue_name=queue.name,
            target=self.sizing.backlog_per_instance,
            startup_timeout=startup_timeout,
            from_zero=self.capacity.minimum == 0,
        )
