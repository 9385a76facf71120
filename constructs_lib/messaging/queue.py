"""A queue and its dead-letter queue."""

from __future__ import annotations

from datetime import timedelta

from constructs_lib.foundation import cdk, names, policy
from constructs_lib.foundation.errors import Checks
from constructs_lib.foundation.grants import RoleOwner
from constructs_lib.foundation.waivers import waive
from constructs_lib.messaging.sizing import DEFAULT_MAX_RECEIVES, DEFAULT_RETENTION, LONG_POLL, size_queue


class Queue(cdk.Construct):
    """An encrypted standard SQS queue with a dead-letter queue that accepts requests over TLS only.

    Args:
        max_job: duration of the longest job, up to 12 hours less the visibility timeout. A consumer must renew a
            message that it still processes every ``sizing.heartbeat``.
        name: name of the queue; the dead-letter queue is ``<name>-dlq``. By default derived from the construct's path.
        retention: time that a message is kept; enough for every attempt, at most 13 days. Default: 4 days.
        max_receives: receives before a message moves to the dead-letter queue, 1 to 1000; a receive that a stopping
            worker returns counts too. Default: 3.
        plain_http_reason: why requests without TLS are allowed; by default they are denied.
        open_redrive_reason: why any queue may use the dead-letter queue; by default only this queue may.

    The visibility timeout and the dead-letter queue's retention are derived, in ``sizing``.

    Raises:
        ConstructError: a number is outside its limits, which may depend on the others.
    """

    def __init__(
        self,
        scope: cdk.Construct,
        id: str,
        *,
        max_job: timedelta,
        name: str | None = None,
        retention: timedelta = DEFAULT_RETENTION,
        max_receives: int = DEFAULT_MAX_RECEIVES,
        plain_http_reason: str | None = None,
        open_redrive_reason: str | None = None,
    ) -> None:
        checks = Checks(scope, id)
        name = names.queue(checks, name)
        self.sizing = size_queue(checks.path, max_job=max_job, retention=retention, max_receives=max_receives)
        super().__init__(scope, id)

        dead = cdk.aws.sqs_queue.SqsQueue(
            self,
            "dead-letters",
            name=f"{name}-dlq",
            message_retention_seconds=int(self.sizing.dead_letter_retention.total_seconds()),
            sqs_managed_sse_enabled=True,
        )
        queue = cdk.aws.sqs_queue.SqsQueue(
            self,
            "queue",
            name=name,
            visibility_timeout_seconds=int(self.sizing.visibility_timeout.total_seconds()),
            message_retention_seconds=int(retention.total_seconds()),
            receive_wait_time_seconds=int(LONG_POLL.total_seconds()),
            sqs_managed_sse_enabled=True,
            redrive_policy=policy.canonical({"deadLetterTargetArn": dead.arn, "maxReceiveCount": max_receives}),
        )
        if open_redrive_reason is None:
            cdk.aws.sqs_queue_redrive_allow_policy.SqsQueueRedriveAllowPolicy(
                self,
                "redrive-allow",
                queue_url=dead.id,
                redrive_allow_policy=policy.canonical({"redrivePermission": "byQueue", "sourceQueueArns": [queue.arn]}),
            )
        else:
            waive(self, "takes the dead messages of any queue", reason=open_redrive_reason)
        if plain_http_reason is None:
            for part, target in (("queue", queue), ("dead-letters", dead)):
                cdk.aws.sqs_queue_policy.SqsQueuePolicy(
                    self,
                    f"{part}-policy",
                    queue_url=target.id,
                    policy=policy.document([policy.deny_plain_http("sqs:*", [target.arn])]),
                )
        else:
            waive(self, "answers requests without TLS", reason=plain_http_reason, explains=["queue-without-tls"])
        self.name: str = queue.name
        self.url: str = queue.id
        self.arn: str = queue.arn
        self.dead_letter_name: str = dead.name
        self.dead_letter_url: str = dead.id

    def environment(self, prefix: str = "") -> dict[str, str]:
        """Return the variable ``QUEUE_URL`` for a service's ``environment``.

        The service also needs ``grant_send`` or ``grant_consume``.

        Args:
            prefix: prefix of the variable, for a service with several queues: ``"MAILS_"`` makes ``MAILS_QUEUE_URL``.
        """
        return {f"{prefix}QUEUE_URL": self.url}

    def grant_send(self, owner: RoleOwner) -> None:
        """Allow a service to send messages."""
        owner.role.allow("SendMessages", ["sqs:SendMessage", "sqs:GetQueueAttributes"], [self.arn])

    def grant_consume(self, owner: RoleOwner) -> None:
        """Allow a service to receive messages, extend their visibility timeout and delete them."""
        actions = [
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:ChangeMessageVisibility",
            "sqs:GetQueueAttributes",
        ]
        owner.role.allow("ConsumeMessages", actions, [self.arn])
