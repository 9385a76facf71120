"""The alarms, their recipients and the dashboard."""

from __future__ import annotations

from datetime import timedelta

from constructs_lib import (
    Alarm,
    AlarmTopic,
    CompositeAlarm,
    Dashboard,
    DatabaseMonitoring,
    Graph,
    LogQueries,
    Metric,
    Monitoring,
    QueueMonitoring,
    QueueWorkersMonitoring,
    WebServiceMonitoring,
)
from constructs_lib.foundation import cdk
from constructs_lib.foundation.waivers import waive
from stacks.base import AnbStack
from stacks.database import DatabaseStack
from stacks.log_queries import log_queries
from stacks.portal import PortalStack
from stacks.queue import QueueStack
from stacks.settings.model import Settings
from stacks.workers import WorkersStack

CUSTOM_METRICS = 26
"""CloudWatch metrics that the services write, in the namespace ANB; docs/telemetry.md lists them."""


class ObservabilityStack(AnbStack):
    """Alarms and graphs of the portal, the queue, the workers and the database, in the order a video passes them."""

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
        topic = self._create_topic()
        portal_monitoring = WebServiceMonitoring(
            self,
            "portal",
            service=portal.service,
            name=self.prefix,
            on_alarm=topic,
        )
        queue_monitoring = QueueMonitoring(
            self,
            "queue",
            queue=queue.queue,
            name=f"{self.prefix}-sqs",
            # What the maximum number of workers starts within the acceptable wait.
            depth=workers.service.sizing.backlog_per_instance * workers.service.capacity.maximum,
            oldest=workers.service.sizing.oldest_message_alarm,
            on_alarm=topic,
        )
        workers_monitoring = QueueWorkersMonitoring(
            self, "workers", workers=workers.service, name=f"{self.prefix}-worker", on_alarm=topic
        )
        abandoned_videos = self._monitor_abandoned_videos(topic)
        database_monitoring = DatabaseMonitoring(
            self,
            "database",
            database=database.database,
            name=f"{self.prefix}-rds",
            on_alarm=topic,
        )
        if settings.embedded:
            waive(self, "has no composite alarm on voter impact", reason="the AWS emulator supports none")
            waive(self, "has no saved queries", reason="the AWS emulator supports no saved queries")
        else:
            log_groups = {"portal": portal.service.log_group_name, "worker": workers.service.log_group_name}
            LogQueries(self, "questions", name=self.prefix, queries=log_queries(**log_groups))
            voters_affected = CompositeAlarm(
                self,
                "voters-affected",
                name=f"{self.prefix}-voters-affected",
                meaning="Voters wait, get errors or cannot reach the portal",
                action="Start with the portal's alarm that is on; the dashboard shows what happened before it",
                any_of=[
                    portal_monitoring.alarms[id] for id in ("unhealthy-hosts", "high-response-time", "server-errors")
                ],
                on_alarm=topic,
            )
            self._link_incident_pages(voters_affected)
        parts = [portal_monitoring, queue_monitoring, workers_monitoring, abandoned_videos, database_monitoring]
        self._link_incident_pages(*(alarm for part in parts for alarm in part.alarms.values()))
        Dashboard(self, "dashboard", name=self.prefix, parts=[*parts, self._monitor_cost()])

    def _link_incident_pages(self, *alarms: Alarm | CompositeAlarm) -> None:
        """Link each alarm to the incident page named after it, without the environment's prefix."""
        for alarm in alarms:
            alarm.link_runbook(f"docs/incidents/{alarm.name.removeprefix(f'{self.prefix}-')}.md")

    def _monitor_abandoned_videos(self, topic: AlarmTopic | None) -> Monitoring:
        monitoring = Monitoring(self, "players", name=self.prefix, on_alarm=topic)
        given_up = self._portal_metric("VideosGivenUp", "Sum", "given up")
        monitoring.add_alarm(
            "videos-given-up",
            meaning="A video was given up: it was sent to the workers again three times, and none finished it",
            action="Find the cause in the dead-letter queue and the workers' log, fix it, then start a redrive",
            metric=given_up,
            comparison=">=",
            threshold=1,
            # The metric has no data until a portal gives up a video, and while no portal runs.
            missing="notBreaching",
        )
        unfinished = self._portal_metric("VideosUnfinished", "Maximum", "not finished yet")
        monitoring.add_graph(Graph(title="Videos (number)", left=[unfinished], right=[given_up]))
        return monitoring

    def _portal_metric(self, name: str, statistic: str, label: str) -> Metric:
        """Return a metric that CloudWatch Logs extracts from the portal's log lines."""
        dimensions = {"environment": self.prefix, "service": "portal"}
        return Metric(namespace="ANB", name=name, dimensions=dimensions, statistic=statistic, label=label)

    def _monitor_cost(self) -> Monitoring:
        """Graph the account's charges, which AWS publishes a few times a day and in one region only."""
        cost = Monitoring(self, "cost", name=self.prefix)
        charges = Metric(
            namespace="AWS/Billing",
            name="EstimatedCharges",
            dimensions={"Currency": "USD"},
            statistic="Maximum",
            label="since the start of the month",
        )
        title = "Cost (US dollars, the whole account)"
        cost.add_graph(Graph(title=title, left=[charges], period=timedelta(hours=6), region="us-east-1"))
        return cost

    def _create_topic(self) -> AlarmTopic | None:
        email = self.settings.alarm_email
        return AlarmTopic(self, "topic", name=f"{self.prefix}-alarms", emails=[email]) if email else None
