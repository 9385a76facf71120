"""Workers that process the jobs of a queue and scale with its backlog."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from constructs_lib.compute.instance_group import InstanceGroup
from constructs_lib.compute.instance_options import USUAL_INSTANCES, Capacity, InstanceOptions
from constructs_lib.compute.lifecycle import DrainPolicy
from constructs_lib.compute.lifecycle_timeouts import DEFAULT_STARTUP_TIMEOUT
from constructs_lib.compute.release import Release
from constructs_lib.foundation import cdk, names
from constructs_lib.foundation.errors import Checks
from constructs_lib.messaging.backlog_scaling import BacklogScaling
from constructs_lib.messaging.queue import Queue
from constructs_lib.messaging.sizing import DEFAULT_CONCURRENCY, size_workers
from constructs_lib.network.network import Network


class QueueWorkers(InstanceGroup):
    """Instances that consume a queue and scale on the backlog per instance.

    The target is the backlog that one instance clears within the acceptable latency.

    Args:
        network: network of the instances, which run in its private subnets.
        queue: queue to consume; the permission is granted.
        release: software to run.
        command: command to run in the release's folder: an absolute path and its arguments. It must send ``READY=1``
            to systemd once it works: https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
        pre_start_command: command that must succeed before each start of ``command``.
        environment: variables of both commands, in addition to the region's; see ``environment()`` of queues, buckets
            and databases.
        capacity: number of instances: ``(minimum, maximum)``, or a ``Capacity``. Initially the minimum.
        instances: options of the instances; by default t3.small with Debian 13.
        name: prefix of the resources' names; by default derived from the construct's path.
        group_name: name of the Auto Scaling group. Default: ``name``.
        seconds_per_job: duration of a typical job, in seconds.
        acceptable_latency: maximum acceptable wait until a job starts, at least one job.
        concurrency: jobs that one instance processes in parallel, 1 to 1000. Default: 1.
        startup_timeout: time until a new instance is ready, 30 seconds to an hour. Default: 5 minutes.
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
        concurrency: int = DEFAULT_CONCURRENCY,
        startup_timeout: timedelta = DEFAULT_STARTUP_TIMEOUT,
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
