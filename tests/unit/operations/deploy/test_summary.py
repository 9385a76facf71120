"""Contents of deployment-info.txt: the fields of the original file, without secrets."""

from __future__ import annotations

from datetime import UTC, datetime

from operations.deploy.states import TerraformState
from operations.deploy.summary import Summary, find_secrets

SUMMARY = Summary(
    environment_name="anb-production",
    target="aws",
    region="us-east-1",
    account="123456789012",
    database_name="proyecto_1",
    database_user="postgres",
    outputs={
        "s3_bucket_name": "b",
        "application_url": "https://anb.example",
        "db_endpoint": "d.rds",
        "sqs_queue_url": "q",
    },
    secrets={"Database password": "arn:aws:secretsmanager:db"},
)


def test_file_has_all_original_fields() -> None:
    text = SUMMARY.text(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    for line in (
        "Date: 2026-01-02 03:04:05 UTC",
        "Environment: anb-production",
        "Region: us-east-1",
        "AWS account: 123456789012",
        "  S3 bucket: b",
        "  Application URL: https://anb.example",
        "  Database endpoint: d.rds",
        "  Database name: proyecto_1",
        "  Database user: postgres",
        "  SQS queue: q",
        "  Database password: aws secretsmanager get-secret-value --secret-id arn:aws:secretsmanager:db",
    ):
        assert line in text.splitlines(), line


def test_missing_outputs_are_not_available() -> None:
    empty = Summary(**{**{name: getattr(SUMMARY, name) for name in SUMMARY.__dataclass_fields__}, "outputs": {}})
    assert empty.rows() == {
        "Environment": "anb-production",
        "S3 bucket": "N/A",
        "Application URL": "N/A",
        "Database endpoint": "N/A",
        "SQS queue": "N/A",
    }


def test_secrets_are_listed_by_arn() -> None:
    database = {"master_user_secret": [{"secret_arn": "arn:db"}], "password": "hidden"}
    token = {"name": "tokens", "description": "Signs the portal's tokens", "arn": "arn:token"}
    state = TerraformState({}, (("aws_db_instance", "it", database), ("aws_secretsmanager_secret", "it", token)))
    assert find_secrets({"s": state}) == {"Database password": "arn:db", "Signs the portal's tokens": "arn:token"}
