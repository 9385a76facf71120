"""The alarms, who is told of them, and the dashboard."""

from __future__ import annotations

from constructs_lib import (
    AlarmTopic,
    CompositeAlarm,
    Dashboard,
    DatabaseMonitoring,
    QueueMonitoring,
    QueueWorkersMonitoring,
    WebServiceMonitoring,
    cdk,
)
from constructs_lib.relaxations import relax
from stacks.base import AnbStack
from stacks.database import DatabaseStack
from stacks.portal import PortalStack
from stacks.queue import QueueStack
from stacks.settings import Settings
from stacks.workers import WorkersStack


class ObservabilityStack(AnbStack):
    """Alarms and graphs on the portal, the queue, the workers and the database, in the order a video meets them."""

    def __init__(
        self,
        scope: cdk.Construct,
        settings: Settings,
        *,
        queue: QueueStack,
        database: DatabaseStack,
        portal: PortalStack,
        workers: WorkersStack,
    ) -> None:
        super().__init__(scope, "observability", settings)
        topic = self._topic()
        site = WebServiceMonitoring(
            self,
            "portal",
            service=portal.service,
            name=self.prefix,
            on_alarm=topic,
        )
        videos = QueueMonitoring(
            self,
            "queue",
            queue=queue.queue,
            name=f"{self.prefix}-sqs",
            # More than all workers together begin within the acceptable wait.
            depth=workers.service.sizing.backlog_per_instance * workers.service.capacity.maximum,
            oldest=workers.service.sizing.oldest_message_alarm,
            on_alarm=topic,
        )
        makers = QueueWorkersMonitoring(
            self, "workers", workers=workers.service, name=f"{self.prefix}-worker", on_alarm=topic
        )
        data = DatabaseMonitoring(
            self,
            "database",
            database=database.database,
            name=f"{self.prefix}-rds",
            on_alarm=topic,
        )
        if settings.embedded:
            relax(self, "has no alarm on what voters feel", reason="the AWS emulator has no composite alarms")
        else:
            CompositeAlarm(
                self,
                "voters-affected",
                name=f"{self.prefix}-voters-affected",
                meaning="Voters wait, get errors, or find nobody",
                action="Begin with the alarm of the portal that is on; the dashboard shows what went before it",
                any_of=[site.alarms[id] for id in ("unhealthy-hosts", "high-response-time", "server-errors")],
                on_alarm=topic,
            )
        Dashboard(self, "dashboard", name=self.prefix, parts=[site, videos, makers, data])

    def _topic(self) -> AlarmTopic | None:
        email = self.settings.alarm_email
        return AlarmTopic(self, "topic", name=f"{self.prefix}-alarms", emails=[email]) if email else None
