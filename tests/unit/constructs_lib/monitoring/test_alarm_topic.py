"""AlarmTopic: encrypted with a key that CloudWatch may use, TLS only, with email subscriptions."""

from __future__ import annotations

from typing import Any

import pytest
from once import once
from syrupy.assertion import SnapshotAssertion

from constructs_lib import AlarmTopic, ConstructError
from constructs_lib.testing import Template, synth

DUTY = "duty@shop.example"


@once
def topic(**changes: Any) -> Template:
    return synth(lambda stack: AlarmTopic(stack, "alarms", **{"name": "shop-alarms", "emails": [DUTY], **changes}))


@pytest.mark.snapshot
def test_alarm_topic(recorded: SnapshotAssertion) -> None:
    assert topic().readable() == recorded


def test_topic_has_its_own_rotating_key() -> None:
    template = topic()

    assert template.one("aws_kms_key")["enable_key_rotation"] is True
    (key,) = template.resources("aws_kms_key")
    assert template.one("aws_sns_topic")["kms_master_key_id"] == f"${{aws_kms_key.{key}.arn}}"


def test_cloudwatch_may_use_the_key_and_publish() -> None:
    template = topic()
    allowed = {
        action
        for statement in [*template.policy("aws_kms_key"), *template.policy("aws_sns_topic_policy")]
        if statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }

    assert allowed == {"kms:Decrypt", "kms:GenerateDataKey*", "sns:Publish"}


def test_only_this_account_may_publish() -> None:
    (publish,) = [each for each in topic().policy("aws_sns_topic_policy") if each["Effect"] == "Allow"]

    assert "aws_caller_identity" in publish["Condition"]["StringEquals"]["aws:SourceAccount"]


def test_plain_http_is_denied() -> None:
    (denied,) = [each for each in topic().policy("aws_sns_topic_policy") if each["Effect"] == "Deny"]

    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert denied["Action"] == "sns:Publish", "SNS rejects sns:* in a topic policy"


def test_new_address_keeps_the_other_subscriptions() -> None:
    before = topic().resources("aws_sns_topic_subscription")
    after = topic(emails=["boss@shop.example", DUTY]).resources("aws_sns_topic_subscription")

    assert before.items() <= after.items()
    assert sorted(each["endpoint"] for each in after.values()) == ["boss@shop.example", DUTY]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "shop alarms"}, r"test/alarms: name is 'shop alarms'; must be 1 to 240 characters"),
        ({"emails": ["duty"]}, r"emails is 'duty'; must be 1 to 320 characters matching .*@"),
        ({"emails": [DUTY, DUTY]}, r"emails is 'duty@shop.example'; must be unique\. Fix: remove"),
        ({"key_recovery_days": 5}, r"key_recovery_days is 5; must be between 7 and 30"),
    ],
)
def test_invalid_arguments_are_rejected(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConstructError, match=message):
        topic(**changes)
