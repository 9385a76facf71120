"""The workers that process videos."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

from constructs_lib import Capacity, QueueWorkers
from constructs_lib.foundation import cdk
from services.environment import WORKER_CONNECTIONS_PER_JOB, WorkerEnvironment
from stacks import instances
from stacks.base import AnbStack
from stacks.database import DatabaseStack
from stacks.network import NetworkStack
from stacks.queue import QueueStack
from stacks.settings.model import Settings
from stacks.storage import PROCESSED, UPLOADS, StorageStack


class WorkersStack(AnbStack):
    """The workers' instances."""

    def __init__(
        self,
        scope: cdk.Construct,
        settings: Settings,
        *,
        network: NetworkStack,
        storage: StorageStack,
        queue: QueueStack,
        database: DatabaseStack,
    ) -> None:
        super().__init__(scope, "workers", settings)
        environment = WorkerEnvironment(
            **instances.shared_environment(
                self, "worker", storage, storage.worker_release, queue.queue, database.database
            ),
            worker_concurrency=settings.worker_concurrency,
            visibility_seconds=int(queue.queue.sizing.visibility_timeout.total_seconds()),
            max_job_seconds=settings.max_job_seconds,
            max_clip_seconds=settings.max_clip_seconds,
            enforce_clip_rules=settings.enforce_clip_rules,
            require_isolation=True,
            stop_seconds=int(queue.queue.sizing.stop_timeout.total_seconds()),
        )
        self.service = QueueWorkers(
            self,
            "worker",
            network=network.network,
            queue=queue.queue,
            name=f"{self.prefix}-worker",
            group_name=f"{self.prefix}-worker-asg",
            release=storage.worker_release,
            command="/usr/bin/python3 -m services.worker",
            environment=environment.as_variables(),
            capacity=Capacity(settings.worker_min_size, settings.worker_max_size, settings.worker_desired_capacity),
            instances=dataclasses.replace(
                instances.instance_options(self, "worker", settings.worker_instance_type), isolates_children=True
            ),
            seconds_per_job=settings.worker_seconds_per_video,
            acceptable_latency=timedelta(seconds=settings.worker_acceptable_wait),
            concurrency=settings.worker_concurrency,
        )
        service, bucket = self.service, storage.bucket
        # Without list permission, S3 answers 403 instead of 404 for a deleted object.
        bucket.grant_list(service)
        bucket.grant_read(service, prefix=UPLOADS)
        bucket.grant_write(service, prefix=PROCESSED)
        bucket.grant_delete(service, prefix=PROCESSED)
        database.database.allow_from(service, connections=settings.worker_concurrency * WORKER_CONNECTIONS_PER_JOB)
        self.output("worker_autoscaling_group_name", service.group_name, "Auto Scaling group of the workers")
        self.output("worker_launch_template_id", service.launch_template_id, "Launch template of the workers")
