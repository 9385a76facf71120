"""Environment variables that queues, buckets and databases pass to a program."""

from __future__ import annotations

from datetime import timedelta

from constructs_lib import Bucket, Network, PostgresDatabase, Queue
from constructs_lib.foundation import cdk
from constructs_lib.testing import synth


def variables(prefix: str = "") -> dict[str, str]:
    """Variables of a queue, a bucket and a database, as synthesized references."""

    def build(stack: cdk.TerraformStack) -> None:
        network = Network(stack, "network", flow_logs_off_reason="a test")
        parts = (
            Queue(stack, "jobs", max_job=timedelta(minutes=1)),
            Bucket(stack, "media"),
            PostgresDatabase(stack, "orders", network=network),
        )
        for part in parts:
            for name, value in part.environment(prefix).items():
                cdk.TerraformOutput(stack, f"variable-{name}", value=value).override_logical_id(name)

    outputs = synth(build).outputs()
    return {name: value for name, value in outputs.items() if name.isupper()}


def test_environment_has_every_address() -> None:
    environment = variables()

    assert set(environment) == {
        "QUEUE_URL",
        "BUCKET",
        "DATABASE_HOST",
        "DATABASE_PORT",
        "DATABASE_NAME",
        "DATABASE_SECRET_ARN",
        "DATABASE_SSL_MODE",
    }
    assert environment["QUEUE_URL"].startswith("${aws_sqs_queue.jobs_queue_")
    assert environment["BUCKET"].startswith("${aws_s3_bucket.media_bucket_")
    assert (environment["DATABASE_PORT"], environment["DATABASE_NAME"], environment["DATABASE_SSL_MODE"]) == (
        "5432",
        "app",
        "verify-full",
    )


def test_prefix_distinguishes_several_databases() -> None:
    assert set(variables("SHOP_")) == {f"SHOP_{name}" for name in variables()}
