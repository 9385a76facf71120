"""What a queue says when its messages wait too long or die."""

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
        queue: what is watched.
        name: prefix of the alarms' names; by default it follows from the construct's path.
        depth: more messages than these waiting for ten minutes are too many; with ``QueueWorkers``, its
            ``sizing.backlog_per_instance`` times its ``capacity.maximum``, what they can begin in time.
        oldest: a message older than this has waited too long, with ``QueueWorkers`` its
            ``sizing.oldest_message_alarm``. Shorter than the queue's retention, or it could never be reached.
        on_alarm: who is told.
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

        def metric(name: str, statistic: str, label: str, of: str = queue.name) -> Metric:
            return Metric(
                namespace="AWS/SQS", name=name, dimensions={"QueueName": of}, statistic=statistic, label=label
            )

        waiting = metric("ApproximateNumberOfMessagesVisible", "Average", "waiting")
        age = metric("ApproximateAgeOfOldestMessage", "Maximum", "oldest message")
        dead = metric("ApproximateNumberOfMessagesVisible", "Maximum", "dead letters", queue.dead_letter_name)
        too_many = self.add_alarm(
            "queue-depth-high",
            meaning=f"More than {depth:g} messages wait: their consumers don't keep up",
            action="See whether the consumers are at their maximum or fail; raise the maximum, or mend them",
            metric=waiting,
            comparison=">",
            threshold=depth,
            periods=2,
            # SQS stops measuring a queue that nobody has used for six hours: then nothing waits.
            missing="notBreaching",
        )
        too_old = self.add_alarm(
            "message-age-high",
            meaning=f"A message is older than {oldest.total_seconds():g} seconds: its consumers are stuck or too few",
            action="Look for errors in the consumers' log, and for consumers that are not running",
            metric=age,
            comparison=">",
            threshold=oldest.total_seconds(),
            # As above: an unused queue is not measured.
            missing="notBreaching",
        )
        died = self.add_alarm(
            "dlq-messages",
            meaning="A message failed as often as it may be tried, and lies in the dead-letter queue",
            action="Read it and the consumers' log, mend the cause, then start a redrive to the queue",
            metric=dead,
            comparison=">=",
            threshold=1,
            period=timedelta(minutes=1),
            # Silence neither buries a message nor takes one out: the alarm stays as it is.
            missing="ignore",
        )
        sent = metric("NumberOfMessagesSent", "Sum", "sent")
        done = metric("NumberOfMessagesDeleted", "Sum", "done")
        in_flight = metric("ApproximateNumberOfMessagesNotVisible", "Average", "being worked at")
        self.add_graph(
            Graph(title="Queue (messages)", left=[waiting, in_flight], right=[sent, done], limits=[too_many])
        )
        self.add_graph(Graph(title="Oldest message (seconds)", left=[age], limits=[too_old]))
        self.add_graph(Graph(title="Dead letters (messages)", left=[dead], limits=[died]))
