"""What a program is told of what it may use: the variables of queues, buckets and databases."""

from __future__ import annotations

from datetime import timedelta

from constructs_lib import Bucket, Network, PostgresDatabase, Queue
from constructs_lib.foundation import cdk
from constructs_lib.testing import synth


def told(prefix: str = "") -> dict[str, str]:
    """What the three tell, with their references resolved."""

    def build(stack: cdk.TerraformStack) -> None:
        network = Network(stack, "network", flow_logs_off_reason="a test")
        parts = (
            Queue(stack, "jobs", max_job=timedelta(minutes=1)),
            Bucket(stack, "media"),
            PostgresDatabase(stack, "orders", network=network),
        )
        for part in parts:
            for name, value in part.environment(prefix).items():
                cdk.TerraformOutput(stack, f"told-{name}", value=value).override_logical_id(name)

    outputs = synth(build).outputs()
    return {name: value for name, value in outputs.items() if name.isupper()}


def test_a_program_is_told_where_everything_is() -> None:
    given = told()

    assert set(given) == {
        "QUEUE_URL",
        "BUCKET",
        "DATABASE_HOST",
        "DATABASE_PORT",
        "DATABASE_NAME",
        "DATABASE_SECRET_ARN",
        "DATABASE_SSL_MODE",
    }
    assert given["QUEUE_URL"].startswith("${aws_sqs_queue.jobs_queue_")
    assert given["BUCKET"].startswith("${aws_s3_bucket.media_bucket_")
    assert (given["DATABASE_PORT"], given["DATABASE_NAME"], given["DATABASE_SSL_MODE"]) == ("5432", "app", "require")


def test_a_program_that_has_several_can_tell_them_apart() -> None:
    assert set(told("SHOP_")) == {f"SHOP_{name}" for name in told()}
