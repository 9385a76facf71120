"""Rules of ``SecurityAspect`` about data: encryption at rest and in transit, backups, retention."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from constructs_lib.foundation.template import Resource, blocks
from constructs_lib.governance.security_rule import Rule, RuleContext, as_list, is_true

_DATABASES = ("aws_db_instance", "aws_rds_cluster")
_FIRST_TLS_VERSION = 15
"""First major version of PostgreSQL for which RDS sets ``rds.force_ssl`` by default.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html"""


def _unencrypted_volume(resource: Resource, _: RuleContext) -> Iterator[str]:
    if resource.kind == "aws_ebs_volume" and not is_true(resource.properties.get("encrypted")):
        yield "is an unencrypted volume"
    if resource.kind == "aws_launch_template":
        disks = [_one(disk, "ebs") for disk in resource.blocks("block_device_mappings")]
        if not disks or not all(is_true(disk.get("encrypted")) for disk in disks):
            yield "starts instances with unencrypted disks"
    if resource.kind == "aws_instance":
        disks = resource.blocks("root_block_device")
        if not disks or not all(is_true(disk.get("encrypted")) for disk in disks):
            yield "is an instance with an unencrypted disk"


def _unencrypted_queue(resource: Resource, _: RuleContext) -> Iterator[str]:
    properties = resource.properties
    encrypted = is_true(properties.get("sqs_managed_sse_enabled")) or properties.get("kms_master_key_id")
    if resource.kind == "aws_sqs_queue" and not encrypted:
        yield "is an unencrypted queue"


def _unencrypted_topic(resource: Resource, _: RuleContext) -> Iterator[str]:
    if resource.kind == "aws_sns_topic" and not resource.properties.get("kms_master_key_id"):
        yield "is an unencrypted topic"


def _unencrypted_bucket(resource: Resource, stack: RuleContext) -> Iterator[str]:
    kind = "aws_s3_bucket_server_side_encryption_configuration"
    if resource.kind == "aws_s3_bucket" and not _parts(resource, stack, kind):
        yield "is a bucket without default encryption"


def _public_bucket(resource: Resource, stack: RuleContext) -> Iterator[str]:
    if resource.kind == "aws_s3_bucket_acl" and str(resource.properties.get("acl")).startswith("public"):
        yield f"makes a bucket {resource.properties['acl']}"
    if resource.kind != "aws_s3_bucket":
        return
    required = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
    blocks_of_bucket = _parts(resource, stack, "aws_s3_bucket_public_access_block")
    if not any(all(is_true(block.properties.get(name)) for name in required) for block in blocks_of_bucket):
        yield "is a bucket that can be made public"


def _bucket_acls(resource: Resource, _: RuleContext) -> Iterator[str]:
    if resource.kind == "aws_s3_bucket_ownership_controls":
        ownership = _one(resource.properties, "rule").get("object_ownership")
        if ownership != "BucketOwnerEnforced":
            yield f"allows objects with their own owners and ACLs ({ownership})"


def _bucket_without_tls(resource: Resource, stack: RuleContext) -> Iterator[str]:
    if resource.kind != "aws_s3_bucket":
        return
    policies = [each.properties.get("policy") for each in _parts(resource, stack, "aws_s3_bucket_policy")]
    if all(_allows_plain_http(policy, stack) for policy in policies):
        yield "is a bucket that accepts requests without TLS"
    elif not any(_covers_objects(policy, stack) for policy in policies):
        yield "denies plain HTTP for the bucket or its objects, not for both"


def _queue_without_tls(resource: Resource, stack: RuleContext) -> Iterator[str]:
    if resource.kind == "aws_sqs_queue" and _accepts_plain_http(resource, stack, "aws_sqs_queue_policy", "queue_url"):
        yield "is a queue that accepts requests without TLS"


def _topic_without_tls(resource: Resource, stack: RuleContext) -> Iterator[str]:
    if resource.kind == "aws_sns_topic" and _accepts_plain_http(resource, stack, "aws_sns_topic_policy", "arn"):
        yield "is a topic that accepts messages without TLS"


def _accepts_plain_http(resource: Resource, stack: RuleContext, kind: str, option: str) -> bool:
    policies = [each.properties.get("policy") for each in stack.related(resource, kind, option)]
    own = resource.properties.get("policy")
    return all(_allows_plain_http(policy, stack) for policy in [*policies, *([own] if own else [])])


def _allows_plain_http(policy: object, stack: RuleContext) -> bool:
    """Whether no statement denies plain HTTP; an unknown policy is assumed to deny it."""
    statements = stack.statements(policy)
    return statements is not None and not any(map(_denies_plain_http, statements))


def _denies_plain_http(statement: Mapping[str, Any]) -> bool:
    values = (statement.get("Condition") or {}).get("Bool", {}).get("aws:SecureTransport")
    return statement.get("Effect") == "Deny" and [str(each).lower() for each in as_list(values)] == ["false"]


def _covers_objects(policy: object, stack: RuleContext) -> bool:
    """Whether plain HTTP is denied for a bucket and for its objects, which are separate resources in IAM."""
    statements = stack.statements(policy)
    if statements is None:
        return True
    named = {name for each in statements if _denies_plain_http(each) for name in as_list(each.get("Resource"))}
    return "*" in named or any(f"{name}/*" in named for name in named)


def _unencrypted_database(resource: Resource, _: RuleContext) -> Iterator[str]:
    if resource.kind in _DATABASES and not is_true(resource.properties.get("storage_encrypted")):
        yield "is an unencrypted database"


def _database_without_tls(resource: Resource, _: RuleContext) -> Iterator[str]:
    family = str(resource.properties.get("family", ""))
    if resource.kind != "aws_db_parameter_group" or not family.startswith("postgres"):
        return
    forced = {each.get("value") for each in resource.blocks("parameter") if each.get("name") == "rds.force_ssl"}
    version = family.removeprefix("postgres").partition(".")[0]
    by_default = "1" if version.isdigit() and int(version) >= _FIRST_TLS_VERSION else "0"
    if (forced or {by_default}) != {"1"}:
        yield "lets PostgreSQL accept connections without TLS"


def _database_without_backups(resource: Resource, _: RuleContext) -> Iterator[str]:
    # The provider's default is no backups for an instance, and one day for a cluster.
    replica = resource.properties.get("replicate_source_db") or resource.properties.get("cluster_identifier")
    days = resource.properties.get("backup_retention_period", 0)
    if resource.kind == "aws_db_instance" and not replica and not days:
        yield "is a database without backups"


def _database_without_final_snapshot(resource: Resource, _: RuleContext) -> Iterator[str]:
    # RDS takes no final snapshot of a replica.
    # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html
    replica = resource.properties.get("replicate_source_db") or resource.properties.get("cluster_identifier")
    if resource.kind in _DATABASES and not replica and is_true(resource.properties.get("skip_final_snapshot")):
        yield "is a database that leaves nothing when it is deleted"


def _unrotated_key(resource: Resource, _: RuleContext) -> Iterator[str]:
    properties = resource.properties
    # KMS does not rotate asymmetric keys, HMAC keys and keys in custom key stores.
    kind = properties.get("customer_master_key_spec", "SYMMETRIC_DEFAULT")
    rotates = kind == "SYMMETRIC_DEFAULT" and not properties.get("custom_key_store_id")
    if resource.kind == "aws_kms_key" and rotates and not is_true(properties.get("enable_key_rotation")):
        yield "is a key without rotation"


def _endless_logs(resource: Resource, _: RuleContext) -> Iterator[str]:
    if resource.kind == "aws_cloudwatch_log_group" and not resource.properties.get("retention_in_days"):
        yield "keeps logs forever"


def _parts(bucket: Resource, stack: RuleContext, kind: str) -> list[Resource]:
    name = bucket.properties.get("bucket")
    return stack.related(bucket, kind, "bucket", *([name] if name else []))


def _one(owner: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return next(iter(blocks(owner, name)), {})


RULES = (
    Rule(
        id="unencrypted-volume",
        check=_unencrypted_volume,
        allowed="encrypted",
        fix="set encrypted on each disk",
        checkov=("CKV_AWS_3", "CKV_AWS_8"),
    ),
    Rule(
        id="unencrypted-queue",
        check=_unencrypted_queue,
        allowed="encrypted with SQS's key or a KMS key",
        fix="set sqs_managed_sse_enabled",
        checkov=("CKV_AWS_27",),
    ),
    Rule(
        id="unencrypted-topic",
        check=_unencrypted_topic,
        allowed="encrypted with a KMS key",
        fix="set kms_master_key_id, or use AlarmTopic, whose key CloudWatch can use",
        checkov=("CKV_AWS_26",),
    ),
    Rule(
        id="unencrypted-bucket",
        check=_unencrypted_bucket,
        allowed="encrypted with S3's key or a KMS key",
        fix="add an aws_s3_bucket_server_side_encryption_configuration",
        checkov=("CKV_AWS_19",),
    ),
    Rule(
        id="public-bucket",
        check=_public_bucket,
        allowed="protected by a public access block",
        fix="add an aws_s3_bucket_public_access_block with all four settings",
        checkov=("CKV2_AWS_6", "CKV_AWS_20", "CKV_AWS_57"),
    ),
    Rule(
        id="bucket-acls",
        check=_bucket_acls,
        allowed="BucketOwnerEnforced",
        fix="set object_ownership, and grant access by policy",
        checkov=("CKV2_AWS_65",),
    ),
    Rule(
        id="bucket-without-tls",
        check=_bucket_without_tls,
        allowed="protected by a policy that denies aws:SecureTransport false on the bucket's ARN and on ARN/*",
        fix="add the policy, or use Bucket",
        checkov=("CKV_AWS_379",),
    ),
    Rule(
        id="queue-without-tls",
        check=_queue_without_tls,
        allowed="protected by a policy that denies aws:SecureTransport false",
        fix="add the policy, or use Queue",
    ),
    Rule(
        id="topic-without-tls",
        check=_topic_without_tls,
        allowed="protected by a policy that denies aws:SecureTransport false",
        fix="add the policy, or use AlarmTopic",
    ),
    Rule(
        id="unencrypted-database",
        check=_unencrypted_database,
        allowed="encrypted at creation",
        fix="set storage_encrypted",
        checkov=("CKV_AWS_16", "CKV_AWS_96"),
    ),
    Rule(
        id="database-without-tls",
        check=_database_without_tls,
        allowed="set to rds.force_ssl 1, the default since PostgreSQL 15",
        fix="set the parameter rds.force_ssl to 1",
        checkov=("CKV2_AWS_69",),
    ),
    Rule(
        id="database-without-backups",
        check=_database_without_backups,
        allowed="backed up, with a retention of 1 to 35 days",
        fix="set backup_retention_period",
        checkov=("CKV_AWS_133",),
    ),
    Rule(
        id="database-without-final-snapshot",
        check=_database_without_final_snapshot,
        allowed="deleted with a final snapshot",
        fix="set final_snapshot_identifier instead of skip_final_snapshot",
    ),
    Rule(
        id="unrotated-key",
        check=_unrotated_key,
        allowed="rotated by KMS",
        fix="set enable_key_rotation",
        checkov=("CKV_AWS_7",),
    ),
    Rule(
        id="endless-logs",
        check=_endless_logs,
        allowed="limited to a number of days that CloudWatch Logs supports",
        fix="set retention_in_days",
        checkov=("CKV_AWS_66",),
    ),
)
