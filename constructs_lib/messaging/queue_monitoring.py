"""Alarms and graphs of a queue."""

from __future__ import annotations

from datetime import timedelta

from constructs_lib.foundation import cdk
from constructs_lib.foundation.errors import Checks
from constructs_lib.messaging.queue import Queue
from constructs_lib.monitoring.alarm_topic import AlarmTopic
from constructs_lib.monitoring.metric import Metric
from constructs_lib.monitoring.monitoring import Graph, Monitoring


class QueueMonitoring(Monitoring):
    """Alarms ``queue-depth-high``, ``message-age-high`` and ``dlq-messages``, each after ``<name>-``.

    Args:
        queue: the queue.
        name: prefix of the alarms' names; by default derived from the construct's path.
        depth: maximum number of waiting messages, exceeded for ten minutes; with ``QueueWorkers``, its
            ``sizing.backlog_per_instance`` times its ``capacity.maximum``, the jobs that start in time.
        oldest: maximum age of a message, shorter than the queue's retention; with ``QueueWorkers``, its
            ``sizing.oldest_message_alarm``.
        on_alarm: topic to notify; by default none.
    """

    def __init__(
        self,
        scope: cdk.Construct,
        id: str,
        *,
        queue: Queue,
        depth: float,
        oldest: timedelta,
        name: str | None = None,
        on_alarm: AlarmTopic | None = None,
    ) -> None:
        checks = Checks(scope, id)
        checks.between("depth", depth, 1, 10**9, fix="use a number of messages")
        if not timedelta(0) < oldest < queue.sizing.retention:
            raise checks.error(
                "oldest",
                str(oldest),
                allowed=f"positive and shorter than the queue's retention ({queue.sizing.retention})",
                fix="raise the queue's retention or lower oldest",
            )
        super().__init__(scope, id, name=name, on_alarm=on_alarm)

        def metric(name: str, statistic: str, label: str, queue_name: str = queue.name) -> Metric:
            return Metric(
                namespace="AWS/SQS", name=name, dimensions={"QueueName": queue_name}, statistic=statistic, label=label
            )

        waiting = metric("ApproximateNumberOfMessagesVisible", "Average", "waiting")
        age = metric("ApproximateAgeOfOldestMessage", "Maximum", "oldest message")
        dead = metric("ApproximateNumberOfMessagesVisible", "Maximum", "dead letters", queue.dead_letter_name)
        depth_alarm = self.add_alarm(
            "queue-depth-high",
            meaning=f"More than {depth:g} messages wait: the consumers don't keep up",
            action="Check whether the consumers are at their maximum or fail; raise the maximum or fix them",
            metric=waiting,
            comparison=">",
            threshold=depth,
            periods=2,
            # SQS publishes no data of a queue that is unused for six hours: nothing waits.
            missing="notBreaching",
        )
        age_alarm = self.add_alarm(
            "message-age-high",
            meaning=f"A message is older than {oldest.total_seconds():g} seconds: the consumers are stuck or too few",
            action="Check the consumers' log for errors, and whether all consumers run",
            metric=age,
            comparison=">",
            threshold=oldest.total_seconds(),
            # As above: no data of an unused queue.
            missing="notBreaching",
        )
        dead_letter_alarm = self.add_alarm(
            "dlq-messages",
            meaning="A message failed on every attempt and is in the dead-letter queue",
            action="Read it and the consumers' log, fix the cause, then start a redrive to the queue",
            metric=dead,
            comparison=">=",
            threshold=1,
            period=timedelta(minutes=1),
            # Missing data neither adds nor removes a message: keep the state.
            missing="ignore",
        )
        sent = metric("NumberOfMessagesSent", "Sum", "sent")
        done = metric("NumberOfMessagesDeleted", "Sum", "done")
        in_flight = metric("ApproximateNumberOfMessagesNotVisible", "Average", "in flight")
        self.add_graph(
            Graph(title="Queue (messages)", left=[waiting, in_flight], right=[sent, done], limits=[depth_alarm])
        )
        self.add_graph(Graph(title="Oldest message (seconds)", left=[age], limits=[age_alarm]))
        self.add_graph(Graph(title="Dead letters (messages)", left=[dead], limits=[dead_letter_alarm]))
