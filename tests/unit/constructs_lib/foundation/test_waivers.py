"""The register of waivers: each weakened default with its path, its reason and the rules it explains."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from scenes import network, web_service_template

from constructs_lib import Bucket, ConstructError, PublicLoadBalancer, Queue
from constructs_lib.foundation.accepted_findings import ACCEPTED_FINDINGS, AcceptedFinding
from constructs_lib.foundation.cdk import TerraformStack
from constructs_lib.foundation.waivers import Waiver, registered, report, waive, write
from constructs_lib.testing import Template, synth

Written = Callable[..., dict[str, dict[str, Any]]]

HOUR = timedelta(hours=1)


def entries(template: Template) -> list[tuple[str, str, str]]:
    return [(each.path, each.weakened, each.reason) for each in registered(template.document)]


def test_safe_constructs_enter_nothing() -> None:
    def build(stack: TerraformStack) -> None:
        Bucket(stack, "media", name="media")
        Queue(stack, "orders", name="orders", max_job=HOUR)

    template = synth(build)

    assert entries(template) == []
    assert "waivers" not in template.outputs()


def test_each_weakened_default_is_entered_with_its_reason() -> None:
    def build(stack: TerraformStack) -> None:
        Bucket(stack, "media", name="media", plain_http_reason="an emulator")
        Queue(
            stack,
            "orders",
            name="orders",
            max_job=HOUR,
            plain_http_reason="an emulator",
            open_redrive_reason="shared by three",
        )
        net = network(stack, flow_logs_off_reason=None)
        PublicLoadBalancer(
            stack,
            "balancer",
            network=net,
            name="shop",
            plain_http_reason="no domain yet",
            access_logs_off_reason="a shop window",
            unprotected_reason="rebuilt daily",
        )

    assert entries(synth(build)) == [
        ("test/balancer", "keeps no access logs", "a shop window"),
        ("test/balancer", "may be deleted", "rebuilt daily"),
        ("test/balancer", "serves plain HTTP", "no domain yet"),
        ("test/balancer/security-group", "is open to the world on port 80", "HTTP, what browsers try first"),
        ("test/media", "answers requests without TLS", "an emulator"),
        ("test/orders", "answers requests without TLS", "an emulator"),
        ("test/orders", "takes the dead messages of any queue", "shared by three"),
    ]


def test_a_service_behind_plain_http_is_entered_as_well(software: pathlib.Path) -> None:
    template = web_service_template(software)

    assert ("test/web-targets", "is reached over plain HTTP all the way", "a test") in entries(template)


def test_it_is_an_output_of_the_stack() -> None:
    template = synth(lambda stack: Bucket(stack, "media", name="media", plain_http_reason="an emulator"))

    assert template.outputs()["waivers"] == [
        {
            "path": "test/media",
            "weakened": "answers requests without TLS",
            "reason": "an emulator",
            "explains": ["CKV_AWS_379"],
        }
    ]


def test_the_report_names_the_resources_it_is_about(written: Written) -> None:
    def build(stack: TerraformStack) -> None:
        Queue(stack, "orders", name="orders", max_job=HOUR, plain_http_reason="an emulator")
        Queue(stack, "orders-of-others", name="others", max_job=HOUR)

    (entry,) = report(written(shop=build))

    assert (entry["stack"], entry["explains"]) == ("shop", ("queue-without-tls",))
    assert [address.rpartition("_")[0] for address in entry["resources"]] == [
        "aws_sqs_queue.orders_dead-letters",
        "aws_sqs_queue.orders_queue",
        "aws_sqs_queue_redrive_allow_policy.orders_redrive-allow",
    ]


def test_the_report_holds_what_is_decided_for_all_of_a_kind(written: Written) -> None:
    def two_buckets(stack: TerraformStack) -> None:
        for name in ("photos", "films"):
            Bucket(stack, name, name=f"shop-{name}")

    documents = written(shop=two_buckets, jobs=lambda stack: Queue(stack, "orders", name="orders", max_job=HOUR))

    entries = list(report(documents))
    assert {(each["stack"], each["path"]) for each in entries} == {("shop", "shop")}
    assert [each["explains"] for each in entries] == [
        each.explains for each in ACCEPTED_FINDINGS if each.kind == "aws_s3_bucket"
    ]
    for each in entries:
        assert [address.rpartition("_")[0] for address in each["resources"]] == [
            "aws_s3_bucket.films_bucket",
            "aws_s3_bucket.photos_bucket",
        ]


@pytest.mark.parametrize("decision", ACCEPTED_FINDINGS, ids=lambda each: str(each.explains))
def test_every_decision_says_why(decision: AcceptedFinding) -> None:
    assert len(decision.reason) > 30
    assert decision.explains


def test_a_waiver_covers_its_construct_and_rules_alone() -> None:
    waiver = Waiver(path="shop/web", weakened="serves plain HTTP", reason="a test", explains=("CKV_AWS_2",))

    assert waiver.covers("shop/web", ["CKV_AWS_2"])
    assert waiver.covers("shop/web/http", ["CKV_AWS_103", "CKV_AWS_2"])
    assert not waiver.covers("shop/web/http", ["CKV_AWS_103"])
    assert not waiver.covers("shop/web-2", ["CKV_AWS_2"])


def test_the_file_lies_beside_the_stacks(written: Written, tmp_path: pathlib.Path) -> None:
    def media(reason: str) -> Callable[[TerraformStack], object]:
        return lambda stack: Bucket(stack, "media", name="media", plain_http_reason=reason)

    written(second=media("an emulator"), first=media("another"))

    write(tmp_path)

    entries = json.loads((tmp_path / "waivers.json").read_text())
    given = [each for each in entries if each["path"] != each["stack"]]
    assert [(each["stack"], each["path"], each["reason"]) for each in given] == [
        ("first", "first/media", "another"),
        ("second", "second/media", "an emulator"),
    ]


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_reason_says_something(reason: str) -> None:
    with pytest.raises(
        ConstructError, match=r"test: reason is '\s*'; must be the reason why it sleeps\. Fix: write a sentence"
    ):
        synth(lambda stack: waive(stack, "sleeps", reason=reason))
