"""A queue and the place its poison messages go."""

from __future__ import annotations

from datetime import timedelta

from constructs_lib.foundation import cdk, names, policy
from constructs_lib.foundation.errors import Checks
from constructs_lib.foundation.grants import RoleOwner
from constructs_lib.foundation.waivers import waive
from constructs_lib.messaging.sizing import LONG_POLL, size_queue


class Queue(cdk.Construct):
    """A standard SQS queue with a dead-letter queue, encrypted, that answers over TLS only.

    Args:
        max_job: how long the longest job takes, up to 12 hours less the visibility timeout. What consumes the queue
            must renew a message it still works on every ``sizing.heartbeat``.
        name: name of the queue; the dead-letter queue is ``<name>-dlq``. By default it follows from the construct's
            path.
        retention: how long a message waits at most: long enough for all its tries, and 13 days at most.
        max_receives: how often a message is received before it is dead, 1 to 1000; one that a stopped worker gave
            back counts too.
        plain_http_reason: why requests without TLS are let in; by default they are refused.
        open_redrive_reason: why any queue may put its dead messages in this one's dead-letter queue; by default only
            this one may.

    The visibility timeout and the dead-letter queue's retention follow from these, in ``sizing``.

    Raises:
        ConstructError: for a value out of its range, and for values that contradict each other.
    """

    def __init__(
        self,
        scope: cdk.Construct,
        id: str,
        *,
        max_job: timedelta,
        name: str | None = None,
        retention: timedelta = timedelta(days=4),
        max_receives: int = 3,
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
        """The variable that tells a program which queue it is: ``QUEUE_URL``.

        It goes into a service's ``environment``; ``grant_send`` and ``grant_consume`` make it work.

        Args:
            prefix: what stands before it, for a program that has several: ``"MAILS_"`` makes ``MAILS_QUEUE_URL``.
        """
        return {f"{prefix}QUEUE_URL": self.url}

    def grant_send(self, owner: RoleOwner) -> None:
        """Let a service put messages in the queue."""
        owner.role.allow("SendMessages", ["sqs:SendMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"], [self.arn])

    def grant_consume(self, owner: RoleOwner) -> None:
        """Let a service take messages from the queue, keep them hidden while it works, and delete them."""
        actions = [
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:ChangeMessageVisibility",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
        ]
        owner.role.allow("ConsumeMessages", actions, [self.arn])
