"""The register of waivers: path, reason and explained rules of each weakened default."""

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


def test_safe_constructs_add_no_waiver() -> None:
    def build(stack: TerraformStack) -> None:
        Bucket(stack, "media", name="media")
        Queue(stack, "orders", name="orders", max_job=HOUR)

    template = synth(build)

    assert entries(template) == []
    assert "waivers" not in template.outputs()


def test_each_weakened_default_has_a_waiver() -> None:
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


def test_service_behind_plain_http_has_a_waiver(software: pathlib.Path) -> None:
    template = web_service_template(software)

    assert ("test/web-targets", "is reached over plain HTTP all the way", "a test") in entries(template)


def test_register_is_an_output_of_the_stack() -> None:
    template = synth(lambda stack: Bucket(stack, "media", name="media", plain_http_reason="an emulator"))

    assert template.outputs()["waivers"] == [
        {
            "path": "test/media",
            "weakened": "answers requests without TLS",
            "reason": "an emulator",
            "explains": ["CKV_AWS_379"],
        }
    ]


def test_report_lists_covered_resources(written: Written) -> None:
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


def test_report_includes_accepted_findings(written: Written) -> None:
    def two_buckets(stack: TerraformStack) -> None:
        for name in ("photos", "films"):
            Bucket(stack, name, name=f"shop-{name}")

    documents = written(shop=two_buckets, jobs=lambda stack: Queue(stack, "orders", name="orders", max_job=HOUR))

    entries = list(report(documents))
    assert {(entry["stack"], entry["path"]) for entry in entries} == {("shop", "shop")}
    assert [entry["explains"] for entry in entries] == [
        accepted.explains for accepted in ACCEPTED_FINDINGS if accepted.kind == "aws_s3_bucket"
    ]
    for entry in entries:
        assert [address.rpartition("_")[0] for address in entry["resources"]] == [
            "aws_s3_bucket.films_bucket",
            "aws_s3_bucket.photos_bucket",
        ]


@pytest.mark.parametrize("accepted", ACCEPTED_FINDINGS, ids=lambda accepted: str(accepted.explains))
def test_every_accepted_finding_has_a_reason(accepted: AcceptedFinding) -> None:
    assert len(accepted.reason) > 30
    assert accepted.explains


def test_waiver_covers_only_its_construct_and_rules() -> None:
    waiver = Waiver(path="shop/web", weakened="serves plain HTTP", reason="a test", explains=("CKV_AWS_2",))

    assert waiver.covers("shop/web", ["CKV_AWS_2"])
    assert waiver.covers("shop/web/http", ["CKV_AWS_103", "CKV_AWS_2"])
    assert not waiver.covers("shop/web/http", ["CKV_AWS_103"])
    assert not waiver.covers("shop/web-2", ["CKV_AWS_2"])


def test_file_is_written_to_the_output_folder(written: Written, tmp_path: pathlib.Path) -> None:
    def media(reason: str) -> Callable[[TerraformStack], object]:
        return lambda stack: Bucket(stack, "media", name="media", plain_http_reason=reason)

    written(second=media("an emulator"), first=media("another"))

    write(tmp_path)

    entries = json.loads((tmp_path / "waivers.json").read_text())
    waivers = [entry for entry in entries if entry["path"] != entry["stack"]]
    assert [(entry["stack"], entry["path"], entry["reason"]) for entry in waivers] == [
        ("first", "first/media", "another"),
        ("second", "second/media", "an emulator"),
    ]


@pytest.mark.parametrize("reason", ["", "  "])
def test_empty_reason_is_an_error(reason: str) -> None:
    with pytest.raises(
        ConstructError, match=r"test: reason is '\s*'; must be the reason why it sleeps\. Fix: write a sentence"
    ):
        synth(lambda stack: waive(stack, "sleeps", reason=reason))
