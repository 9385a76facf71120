"""The portal's instances."""

from __future__ import annotations

from datetime import timedelta

from constructs_lib import Capacity, GeneratedSecret, WebService
from constructs_lib.foundation import cdk
from services.environment import (
    PORTAL_CONNECTIONS_PER_CORE,
    PORTAL_KEEP_ALIVE_SECONDS,
    PORTAL_REQUEST_SECONDS,
    PortalEnvironment,
)
from stacks import instances
from stacks.base import AnbStack
from stacks.database import DatabaseStack
from stacks.load_balancer import LoadBalancerStack
from stacks.network import NetworkStack
from stacks.queue import QueueStack
from stacks.settings.model import Settings
from stacks.storage import PROCESSED, UPLOADS, StorageStack

PORT = 8080
CORES = 2
"""Cores of an instance: the allowed types have at most two."""


class PortalStack(AnbStack):
    """The portal's instances behind the load balancer, and the key that signs their tokens."""

    def __init__(
        self,
        scope: cdk.Construct,
        settings: Settings,
        *,
        network: NetworkStack,
        load_balancer: LoadBalancerStack,
        storage: StorageStack,
        queue: QueueStack,
        database: DatabaseStack,
    ) -> None:
        super().__init__(scope, "portal", settings)
        self.token_secret = GeneratedSecret(
            self,
            "token-secret",
            name=f"{self.prefix}-tokens",
            description="Signs the portal's tokens",
            unprotected_reason=settings.effective_profile.waiver_reason("protect"),
        )
        environment = PortalEnvironment(
            **instances.shared_environment(
                self, "portal", storage, storage.portal_release, queue.queue, database.database
            ),
            portal_host="0.0.0.0",
            portal_port=PORT,
            drain_seconds=int(WebService.UNHEALTHY_AFTER.total_seconds()),
            token_secret_arn=self.token_secret.arn,
            token_seconds=settings.token_seconds,
            secure_cookies=settings.https,
            proxy_hops=1,
            max_upload_bytes=settings.max_upload_mib * 1024 * 1024,
            public_hosts=settings.public_hosts,
            cors_origins=tuple(settings.cors_origins),
            revoke_bearer_on_logout=settings.revoke_bearer_on_logout,
        )
        self.service = WebService(
            self,
            "portal",
            network=network.network,
            load_balancer=load_balancer.load_balancer,
            name=f"{self.prefix}-portal",
            group_name=f"{self.prefix}-api-asg",
            release=storage.portal_release,
            pre_start_command="/usr/bin/python3 -m services.shared.migrate up",
            command="/usr/bin/python3 -m services.portal",
            environment=environment.as_variables(),
            capacity=Capacity(settings.api_min_size, settings.api_max_size, settings.api_desired_capacity),
            instances=instances.instance_options(self, "portal", settings.api_instance_type),
            port=PORT,
            request_timeout=timedelta(seconds=PORTAL_REQUEST_SECONDS),
            keep_alive=timedelta(seconds=PORTAL_KEEP_ALIVE_SECONDS),
            cpu_target=settings.cpu_target_value,
        )
        self._grant(storage, queue, database)
        # Here and not in the storage stack, which does not wait for the load balancer and its name.
        storage.bucket.allow_uploads_from([load_balancer.load_balancer.url, *settings.portal_origins], scope=self)
        self.output("api_autoscaling_group_name", self.service.group_name, "Auto Scaling group of the portal")

    def _grant(self, storage: StorageStack, queue: QueueStack, database: DatabaseStack) -> None:
        service, bucket = self.service, storage.bucket
        # Without list permission, S3 answers 403 instead of 404 for a deleted object.
        bucket.grant_list(service)
        bucket.grant_read(service, prefix=UPLOADS)
        bucket.grant_write(service, prefix=UPLOADS)
        bucket.grant_delete(service, prefix=UPLOADS)
        bucket.grant_read(service, prefix=PROCESSED)
        bucket.grant_delete(service, prefix=PROCESSED)
        queue.queue.grant_send(service)
        # One more connection for the migration before the start.
        database.database.allow_from(service, connections=CORES * PORTAL_CONNECTIONS_PER_CORE + 1)
        self.token_secret.grant_read(service)
