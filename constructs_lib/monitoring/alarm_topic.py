"""The topic that alarms notify."""

from __future__ import annotations

from collections.abc import Sequence

from constructs_lib.foundation import cdk, names, policy, stack_context
from constructs_lib.foundation.errors import Checks


class AlarmTopic(cdk.Construct):
    """An encrypted SNS topic for alarms that accepts messages over TLS only.

        on_alarm = AlarmTopic(self, "alarms", emails=["duty@shop.example"])
        QueueMonitoring(self, "queue-watch", queue=queue, on_alarm=on_alarm, ...)

    It creates a KMS key, which rotates every year: CloudWatch may not use the AWS managed key for SNS, and silently
    loses messages to a topic encrypted with it.
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html

    Args:
        emails: addresses to notify; AWS asks each to confirm. Add other subscribers to ``arn``.
        name: name of the topic and of its key's alias; by default derived from the construct's path.
        key_recovery_days: days during which a deleted key can be recovered, 7 to 30.
    """

    def __init__(
        self,
        scope: cdk.Construct,
        id: str,
        *,
        emails: Sequence[str] = (),
        name: str | None = None,
        key_recovery_days: int = 30,
    ) -> None:
        checks = Checks(scope, id)
        name = names.topic(checks, name)
        checks.between("key_recovery_days", key_recovery_days, 7, 30, fix="use 30, KMS's default")
        for email in emails:
            checks.name("emails", email, longest=320, owner="subscription", pattern=r"[^@\s/]+@[^@\s/]+\.[^@\s/]+")
            if list(emails).count(email) > 1:
                raise checks.error("emails", email, allowed="unique", fix="remove the duplicate")
        super().__init__(scope, id)

        account, partition = stack_context.account(self), stack_context.partition(self)
        key = cdk.aws.kms_key.KmsKey(
            self,
            "key",
            description=f"Encrypts {name}",
            enable_key_rotation=True,
            deletion_window_in_days=key_recovery_days,
            policy=policy.document(_key_statements(f"arn:{partition}:iam::{account}:root")),
        )
        cdk.aws.kms_alias.KmsAlias(self, "key-alias", name=f"alias/{name}", target_key_id=key.key_id)
        topic = cdk.aws.sns_topic.SnsTopic(self, "topic", name=name, kms_master_key_id=key.arn)
        cdk.aws.sns_topic_policy.SnsTopicPolicy(
            self, "policy", arn=topic.arn, policy=policy.document(_topic_statements(topic.arn, account))
        )
        for email in emails:
            cdk.aws.sns_topic_subscription.SnsTopicSubscription(
                self, f"email-{email}", topic_arn=topic.arn, protocol="email", endpoint=email
            )
        self.arn: str = topic.arn
        self.key_arn: str = key.arn


def _key_statements(root: str) -> list[dict[str, object]]:
    return [
        # Without this statement the account's IAM policies do not apply to the key, and the key cannot be managed.
        {
            "Sid": "AccountManages",
            "Effect": "Allow",
            "Principal": {"AWS": root},
            "Action": "kms:*",
            "Resource": "*",
        },
        # No condition on the account: CloudWatch publishes as a service, so KMS sees no calling account.
        {
            "Sid": "CloudWatchEncrypts",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
        },
    ]


def _topic_statements(arn: str, account: str) -> list[dict[str, object]]:
    return [
        {
            "Sid": "CloudWatchPublishes",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": arn,
            "Condition": {"StringEquals": {"aws:SourceAccount": account}},
        },
        # SNS rejects "sns:*" in a topic policy.
        policy.deny_plain_http("sns:Publish", [arn]),
    ]
