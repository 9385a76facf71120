"""Queue: encrypted, TLS only, always with a dead-letter queue."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from once import once
from syrupy.assertion import SnapshotAssertion

from constructs_lib import ConstructError, Queue
from constructs_lib.testing import Template, synth


@once
def queue(**changes: Any) -> Template:
    return synth(
        lambda stack: Queue(stack, "orders", **{"name": "orders", "max_job": timedelta(minutes=15), **changes})
    )


@pytest.mark.snapshot
def test_queue(recorded: SnapshotAssertion) -> None:
    assert queue().readable() == recorded


def test_message_is_dead_lettered_after_max_receives() -> None:
    template = queue(max_receives=4)

    (live,) = template.matching("aws_sqs_queue", name="orders")
    (dead,) = template.matching("aws_sqs_queue", name="orders-dlq")
    assert json.loads(live["redrive_policy"])["maxReceiveCount"] == 4
    assert dead["message_retention_seconds"] == 14 * 86400


@pytest.mark.parametrize(("max_job", "hidden"), [(10, 30), (45, 45), (900, 120)])
def test_visibility_timeout_follows_from_the_longest_job(max_job: int, hidden: int) -> None:
    (live,) = queue(max_job=timedelta(seconds=max_job)).matching("aws_sqs_queue", name="orders")

    assert live["visibility_timeout_seconds"] == hidden


def test_both_queues_are_encrypted_and_deny_plain_http() -> None:
    template = queue()

    assert len(template.matching("aws_sqs_queue", sqs_managed_sse_enabled=True)) == 2
    policies = [json.loads(each["policy"]) for each in template.resources("aws_sqs_queue_policy").values()]
    assert [policy["Statement"][0]["Effect"] for policy in policies] == ["Deny", "Deny"]


def test_only_its_queue_may_use_the_dead_letter_queue() -> None:
    allowed = json.loads(queue().one("aws_sqs_queue_redrive_allow_policy")["redrive_allow_policy"])

    assert allowed["redrivePermission"] == "byQueue"
    assert len(allowed["sourceQueueArns"]) == 1


def test_each_protection_can_be_waived_separately() -> None:
    assert queue(plain_http_reason="an emulator").resources("aws_sqs_queue_policy") == {}
    assert queue(open_redrive_reason="an emulator").resources("aws_sqs_queue_redrive_allow_policy") == {}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "or ders"}, r"test/orders: name is 'or ders'; must be 1 to 76 characters"),
        ({"max_job": timedelta(hours=12)}, r"test/orders: max_job is '43200 s'; must be between 1 s and 43080 s"),
        ({"retention": timedelta(days=15)}, r"retention is '1296000 s'; must be between 3060 s and 1123200 s"),
        ({"max_receives": 0}, r"max_receives is 0; must be between 1 and 1000\. Fix: use 3"),
    ],
)
def test_invalid_arguments_are_rejected(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConstructError, match=message):
        queue(**changes)
