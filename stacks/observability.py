"""The alarms, who is told of them, and the dashboard."""

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
        players = self._players_wait_in_vain(topic)
        data = DatabaseMonitoring(
            self,
            "database",
            database=database.database,
            name=f"{self.prefix}-rds",
            on_alarm=topic,
        )
        if settings.embedded:
            waive(self, "has no alarm on what voters feel", reason="the AWS emulator has no composite alarms")
            waive(self, "has no saved queries", reason="the AWS emulator saves no queries of logs")
        else:
            groups = {"portal": portal.service.log_group_name, "worker": workers.service.log_group_name}
            LogQueries(self, "questions", name=self.prefix, queries=log_queries(**groups))
            felt = CompositeAlarm(
                self,
                "voters-affected",
                name=f"{self.prefix}-voters-affected",
                meaning="Voters wait, get errors, or find nobody",
                action="Begin with the alarm of the portal that is on; the dashboard shows what went before it",
                any_of=[site.alarms[id] for id in ("unhealthy-hosts", "high-response-time", "server-errors")],
                on_alarm=topic,
            )
            self._refer_to_pages(felt)
        parts = [site, videos, makers, players, data]
        self._refer_to_pages(*(alarm for part in parts for alarm in part.alarms.values()))
        Dashboard(self, "dashboard", name=self.prefix, parts=[*parts, self._spent()])

    def _refer_to_pages(self, *alarms: Alarm | CompositeAlarm) -> None:
        """Each alarm has a page of its own name, without the environment's."""
        for alarm in alarms:
            alarm.refer_to(f"docs/incidents/{alarm.name.removeprefix(f'{self.prefix}-')}.md")

    def _players_wait_in_vain(self, topic: AlarmTopic | None) -> Monitoring:
        players = Monitoring(self, "players", name=self.prefix, on_alarm=topic)
        given_up = self._measured("VideosGivenUp", "Sum", "given up")
        players.add_alarm(
            "videos-given-up",
            meaning="A video was given up: it was sent to the workers again three times, and none finished it",
            action="See in the dead letters and the workers' log what it died of, mend that, then start a redrive",
            metric=given_up,
            comparison=">=",
            threshold=1,
            # A portal tells of none until it has given one up, and nothing while no portal runs.
            missing="notBreaching",
        )
        unfinished = self._measured("VideosUnfinished", "Maximum", "not finished yet")
        players.add_graph(Graph(title="Videos (number)", left=[unfinished], right=[given_up]))
        return players

    def _measured(self, name: str, statistic: str, label: str) -> Metric:
        """A measure of the portal's, which CloudWatch Logs makes of its log lines."""
        of = {"environment": self.prefix, "service": "portal"}
        return Metric(namespace="ANB", name=name, dimensions=of, statistic=statistic, label=label)

    def _spent(self) -> Monitoring:
        """What AWS charges; it measures that a few times a day, for the account in all and in one region alone."""
        cost = Monitoring(self, "cost", name=self.prefix)
        charges = Metric(
            namespace="AWS/Billing",
            name="EstimatedCharges",
            dimensions={"Currency": "USD"},
            statistic="Maximum",
            label="since the month began",
        )
        title = "Cost (US dollars, the whole account)"
        cost.add_graph(Graph(title=title, left=[charges], period=timedelta(hours=6), region="us-east-1"))
        return cost

    def _topic(self) -> AlarmTopic | None:
        email = self.settings.alarm_email
        return AlarmTopic(self, "topic", name=f"{self.prefix}-alarms", emails=[email]) if email else None
