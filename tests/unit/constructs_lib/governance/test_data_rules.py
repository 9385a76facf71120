"""Rules about data, on violating and compliant stacks."""

from __future__ import annotations

from typing import Any

import pytest
from security_cases import Case, Document, check, one, policy

from constructs_lib.governance.data_rules import RULES

DISK = {"ebs": {"encrypted": "true"}}
TOKENS = {"http_tokens": "required"}
PRIVATE = {
    "bucket": "${aws_s3_bucket.it.id}",
    **dict.fromkeys(
        ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"), True
    ),
}


def tls_policy(*resources: str) -> str:
    """Create a policy that denies plain HTTP."""
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    return policy({"Effect": "Deny", "Principal": "*", "Resource": list(resources), "Condition": condition})


ARN = "${aws_s3_bucket.it.arn}"
BUCKET: Document = {
    "aws_s3_bucket": {"it": {"bucket": "media"}},
    "aws_s3_bucket_server_side_encryption_configuration": {"it": {"bucket": "media"}},
    "aws_s3_bucket_public_access_block": {"it": PRIVATE},
    "aws_s3_bucket_policy": {"it": {"bucket": "media", "policy": tls_policy(ARN, f"{ARN}/*")}},
}


def bucket(**changed: Any) -> Document:
    """Create a bucket with changed resources; None removes a resource."""
    return {kind: named for kind, named in {**BUCKET, **changed}.items() if named is not None}


def queue(name: str = "${aws_sqs_queue.it.id}", **properties: Any) -> Document:
    """Create a queue with a policy for the queue of this name."""
    return {
        **one("aws_sqs_queue", **({"sqs_managed_sse_enabled": True} | properties)),
        **one("aws_sqs_queue_policy", queue_url=name, policy=tls_policy("arn")),
    }


def topic(**properties: Any) -> Document:
    return {
        **one("aws_sns_topic", **({"kms_master_key_id": "alias/t", "policy": tls_policy("arn")} | properties)),
        **one("data.aws_iam_policy_document"),
    }


def database(**properties: Any) -> Document:
    return one("aws_db_instance", **{"storage_encrypted": True, "backup_retention_period": 7, **properties})


def parameters(family: str, *values: str) -> Document:
    return one(
        "aws_db_parameter_group",
        family=family,
        parameter=[{"name": "rds.force_ssl", "value": value} for value in values],
    )


CASES: list[Case] = [
    (
        "unencrypted-volume",
        "is an unencrypted volume",
        one("aws_ebs_volume", size=8),
        one("aws_ebs_volume", encrypted=True),
    ),
    (
        "unencrypted-volume",
        "starts instances with unencrypted disks",
        one("aws_launch_template", metadata_options=TOKENS, block_device_mappings=[DISK, {"ebs": {"volume_size": 8}}]),
        one("aws_launch_template", metadata_options=TOKENS, block_device_mappings=[DISK]),
    ),
    (
        "unencrypted-volume",
        "is an instance with an unencrypted disk",
        one("aws_instance", metadata_options=TOKENS),
        one("aws_instance", metadata_options=TOKENS, root_block_device={"encrypted": True}),
    ),
    (
        "unencrypted-queue",
        "is an unencrypted queue",
        queue(sqs_managed_sse_enabled=False),
        queue(sqs_managed_sse_enabled=None, kms_master_key_id="alias/q"),
    ),
    ("unencrypted-topic", "is an unencrypted topic", topic(kms_master_key_id=None), topic()),
    (
        "unencrypted-bucket",
        "is a bucket without default encryption",
        bucket(aws_s3_bucket_server_side_encryption_configuration=None),
        BUCKET,
    ),
    (
        "public-bucket",
        "is a bucket that can be made public",
        bucket(aws_s3_bucket_public_access_block=None),
        BUCKET,
    ),
    (
        "public-bucket",
        "is a bucket that can be made public",
        bucket(aws_s3_bucket_public_access_block={"it": {**PRIVATE, "block_public_policy": False}}),
        BUCKET,
    ),
    (
        "public-bucket",
        "makes a bucket public-read",
        one("aws_s3_bucket_acl", acl="public-read"),
        one("aws_s3_bucket_acl", acl="private"),
    ),
    (
        "bucket-acls",
        "allows objects with their own owners and ACLs (ObjectWriter)",
        one("aws_s3_bucket_ownership_controls", rule={"object_ownership": "ObjectWriter"}),
        one("aws_s3_bucket_ownership_controls", rule={"object_ownership": "BucketOwnerEnforced"}),
    ),
    (
        "bucket-without-tls",
        "is a bucket that accepts requests without TLS",
        bucket(aws_s3_bucket_policy=None),
        bucket(aws_s3_bucket_policy={"it": {"bucket": "media", "policy": "${local.made_elsewhere}"}}),
    ),
    (
        "bucket-without-tls",
        "denies plain HTTP for the bucket or its objects, not for both",
        bucket(aws_s3_bucket_policy={"it": {"bucket": "media", "policy": tls_policy(ARN)}}),
        BUCKET,
    ),
    (
        "queue-without-tls",
        "is a queue that accepts requests without TLS",
        queue("${aws_sqs_queue.another.id}"),
        queue("${aws_sqs_queue.it.url}"),
    ),
    (
        "topic-without-tls",
        "is a topic that accepts messages without TLS",
        topic(policy=None),
        {
            **topic(policy=None),
            **one("aws_sns_topic_policy", arn="${aws_sns_topic.it.arn}", policy=tls_policy("arn")),
        },
    ),
    (
        "unencrypted-database",
        "is an unencrypted database",
        database(storage_encrypted=None),
        database(),
    ),
    (
        "unencrypted-database",
        "is an unencrypted database",
        one("aws_rds_cluster"),
        one("aws_rds_cluster", storage_encrypted=True),
    ),
    (
        "database-without-tls",
        "lets PostgreSQL accept connections without TLS",
        parameters("postgres16", "0"),
        parameters("postgres16"),
    ),
    (
        "database-without-tls",
        "lets PostgreSQL accept connections without TLS",
        parameters("postgres14"),
        parameters("postgres14", "1"),
    ),
    (
        "database-without-backups",
        "is a database without backups",
        database(backup_retention_period=None),
        database(backup_retention_period=None, replicate_source_db="${aws_db_instance.first.identifier}"),
    ),
    (
        "database-without-final-snapshot",
        "is a database that leaves nothing when it is deleted",
        database(skip_final_snapshot=True),
        database(skip_final_snapshot=True, replicate_source_db="${aws_db_instance.first.identifier}"),
    ),
    (
        "unrotated-key",
        "is a key without rotation",
        one("aws_kms_key", description="k"),
        one("aws_kms_key", enable_key_rotation=True),
    ),
    (
        "unrotated-key",
        "is a key without rotation",
        one("aws_kms_key", customer_master_key_spec="SYMMETRIC_DEFAULT", enable_key_rotation=False),
        one("aws_kms_key", customer_master_key_spec="RSA_4096"),
    ),
    (
        "endless-logs",
        "keeps logs forever",
        one("aws_cloudwatch_log_group", retention_in_days=0),
        one("aws_cloudwatch_log_group", retention_in_days=30),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}: {case[1]}")
def test_rule_reports_only_the_violating_stack(case: Case) -> None:
    check(case)


def test_every_rule_has_cases() -> None:
    assert {case[0] for case in CASES} == {rule.id for rule in RULES}
