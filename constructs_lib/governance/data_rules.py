"""SecurityAspect's rules about data: at rest, on its way to S3, SQS and SNS, and kept long enough."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from constructs_lib.foundation.template import Resource, blocks
from constructs_lib.governance.security_rule import Rule, RuleContext, listed, true

_DATABASES = ("aws_db_instance", "aws_rds_cluster")
_TLS_BY_DEFAULT = 15
"""The first major version of PostgreSQL whose ``rds.force_ssl`` RDS sets by itself.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html"""


def _unencrypted_volume(resource: Resource, _: RuleContext) -> Iterator[str]:
    if resource.kind == "aws_ebs_volume" and not true(resource.properties.get("encrypted")):
        yield "is a volume that is not encrypted"
    if resource.kind == "aws_launch_template":
        disks = [_one(disk, "ebs") for disk in resource.blocks("block_device_mappings")]
        if not disks or not all(true(disk.get("encrypted")) for disk in disks):
            yield "starts instances whose disks are not encrypted"
    if resource.kind == "aws_instance":
        disks = resource.blocks("root_block_device")
        if not disks or not all(true(disk.get("encrypted")) for disk in disks):
            yield "is an instance whose disk is not encrypted"


def _unencrypted_queue(resource: Resource, _: RuleContext) -> Iterator[str]:
    given = resource.properties
    encrypted = true(given.get("sqs_managed_sse_enabled")) or given.get("kms_master_key_id")
    if resource.kind == "aws_sqs_queue" and not encrypted:
        yield "is a queue that is not encrypted"


def _unencrypted_topic(resource: Resource, _: RuleContext) -> Iterator[str]:
    if resource.kind == "aws_sns_topic" and not resource.properties.get("kms_master_key_id"):
        yield "is a topic that is not encrypted"


def _unencrypted_bucket(resource: Resource, stack: RuleContext) -> Iterator[str]:
    kind = "aws_s3_bucket_server_side_encryption_configuration"
    if resource.kind == "aws_s3_bucket" and not _parts(resource, stack, kind):
        yield "is a bucket without encryption by rule"


def _public_bucket(resource: Resource, stack: RuleContext) -> Iterator[str]:
    if resource.kind == "aws_s3_bucket_acl" and str(resource.properties.get("acl")).startswith("public"):
        yield f"makes a bucket {resource.properties['acl']}"
    if resource.kind != "aws_s3_bucket":
        return
    wanted = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
    found = _parts(resource, stack, "aws_s3_bucket_public_access_block")
    if not any(all(true(block.properties.get(name)) for name in wanted) for block in found):
        yield "is a bucket that may be made public"


def _bucket_acls(resource: Resource, _: RuleContext) -> Iterator[str]:
    if resource.kind == "aws_s3_bucket_ownership_controls":
        chosen = _one(resource.properties, "rule").get("object_ownership")
        if chosen != "BucketOwnerEnforced":
            yield f"lets objects have owners and access lists of their own ({chosen})"


def _bucket_without_tls(resource: Resource, stack: RuleContext) -> Iterator[str]:
    if resource.kind != "aws_s3_bucket":
        return
    policies = [each.properties.get("policy") for each in _parts(resource, stack, "aws_s3_bucket_policy")]
    if all(_lets_plain_http(policy, stack) for policy in policies):
        yield "is a bucket that answers requests without TLS"
    elif not any(_names_objects(policy, stack) for policy in policies):
        yield "refuses plain HTTP for the bucket or for its objects, not for both"


def _queue_without_tls(resource: Resource, stack: RuleContext) -> Iterator[str]:
    if resource.kind == "aws_sqs_queue" and _plain(resource, stack, "aws_sqs_queue_policy", "queue_url"):
        yield "is a queue that answers requests without TLS"


def _topic_without_tls(resource: Resource, stack: RuleContext) -> Iterator[str]:
    if resource.kind == "aws_sns_topic" and _plain(resource, stack, "aws_sns_topic_policy", "arn"):
        yield "is a topic that takes messages without TLS"


def _plain(resource: Resource, stack: RuleContext, kind: str, option: str) -> bool:
    policies = [each.properties.get("policy") for each in stack.about(resource, kind, option)]
    own = resource.properties.get("policy")
    return all(_lets_plain_http(policy, stack) for policy in [*policies, *([own] if own else [])])


def _lets_plain_http(policy: object, stack: RuleContext) -> bool:
    """Whether no statement refuses it; a policy that is made elsewhere is believed."""
    statements = stack.statements(policy)
    return statements is not None and not any(map(_refuses_plain_http, statements))


def _refuses_plain_http(statement: Mapping[str, Any]) -> bool:
    told = (statement.get("Condition") or {}).get("Bool", {}).get("aws:SecureTransport")
    return statement.get("Effect") == "Deny" and [str(each).lower() for each in listed(told)] == ["false"]


def _names_objects(policy: object, stack: RuleContext) -> bool:
    """Whether plain HTTP is refused for a bucket and for what is in it, which are two resources to IAM."""
    statements = stack.statements(policy)
    if statements is None:
        return True
    named = {name for each in statements if _refuses_plain_http(each) for name in listed(each.get("Resource"))}
    return "*" in named or any(f"{name}/*" in named for name in named)


def _unencrypted_database(resource: Resource, _: RuleContext) -> Iterator[str]:
    if resource.kind in _DATABASES and not true(resource.properties.get("storage_encrypted")):
        yield "is a database that is not encrypted"


def _database_without_tls(resource: Resource, _: RuleContext) -> Iterator[str]:
    family = str(resource.properties.get("family", ""))
    if resource.kind != "aws_db_parameter_group" or not family.startswith("postgres"):
        return
    forced = {each.get("value") for each in resource.blocks("parameter") if each.get("name") == "rds.force_ssl"}
    version = family.removeprefix("postgres").partition(".")[0]
    by_default = "1" if version.isdigit() and int(version) >= _TLS_BY_DEFAULT else "0"
    if (forced or {by_default}) != {"1"}:
        yield "lets PostgreSQL take connections without TLS"


def _database_without_backups(resource: Resource, _: RuleContext) -> Iterator[str]:
    # The provider's default is none for an instance, and a day for a cluster.
    replica = resource.properties.get("replicate_source_db") or resource.properties.get("cluster_identifier")
    days = resource.properties.get("backup_retention_period", 0)
    if resource.kind == "aws_db_instance" and not replica and not days:
        yield "is a database without backups"


def _unrotated_key(resource: Resource, _: RuleContext) -> Iterator[str]:
    given = resource.properties
    # KMS rotates no key that others hold the other half of, or that only makes codes.
    kind = given.get("customer_master_key_spec", "SYMMETRIC_DEFAULT")
    rotates = kind == "SYMMETRIC_DEFAULT" and not given.get("custom_key_store_id")
    if resource.kind == "aws_kms_key" and rotates and not true(given.get("enable_key_rotation")):
        yield "is a key that never changes"


def _endless_logs(resource: Resource, _: RuleContext) -> Iterator[str]:
    if resource.kind == "aws_cloudwatch_log_group" and not resource.properties.get("retention_in_days"):
        yield "keeps logs for ever"


def _parts(bucket: Resource, stack: RuleContext, kind: str) -> list[Resource]:
    name = bucket.properties.get("bucket")
    return stack.about(bucket, kind, "bucket", *([name] if name else []))


def _one(owner: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return next(iter(blocks(owner, name)), {})


RULES = (
    Rule(
        id="unencrypted-volume",
        breaks=_unencrypted_volume,
        allowed="encrypted",
        fix="set encrypted on each disk",
        checkov=("CKV_AWS_3", "CKV_AWS_8"),
    ),
    Rule(
        id="unencrypted-queue",
        breaks=_unencrypted_queue,
        allowed="encrypted with SQS's key or a KMS key",
        fix="set sqs_managed_sse_enabled",
        checkov=("CKV_AWS_27",),
    ),
    Rule(
        id="unencrypted-topic",
        breaks=_unencrypted_topic,
        allowed="encrypted with a KMS key",
        fix="set kms_master_key_id, or use AlarmTopic, whose key CloudWatch can use",
        checkov=("CKV_AWS_26",),
    ),
    Rule(
        id="unencrypted-bucket",
        breaks=_unencrypted_bucket,
        allowed="encrypted with S3's key or a KMS key",
        fix="add an aws_s3_bucket_server_side_encryption_configuration",
        checkov=("CKV_AWS_19",),
    ),
    Rule(
        id="public-bucket",
        breaks=_public_bucket,
        allowed="protected by a public access block",
        fix="add an aws_s3_bucket_public_access_block with all four settings",
        checkov=("CKV2_AWS_6", "CKV_AWS_20", "CKV_AWS_57"),
    ),
    Rule(
        id="bucket-acls",
        breaks=_bucket_acls,
        allowed="BucketOwnerEnforced",
        fix="set object_ownership, and grant access by policy",
        checkov=("CKV2_AWS_65",),
    ),
    Rule(
        id="bucket-without-tls",
        breaks=_bucket_without_tls,
        allowed="protected by a policy that denies aws:SecureTransport false on the bucket's ARN and on ARN/*",
        fix="add the policy, or use Bucket",
        checkov=("CKV_AWS_379",),
    ),
    Rule(
        id="queue-without-tls",
        breaks=_queue_without_tls,
        allowed="protected by a policy that denies aws:SecureTransport false",
        fix="add the policy, or use Queue",
    ),
    Rule(
        id="topic-without-tls",
        breaks=_topic_without_tls,
        allowed="protected by a policy that denies aws:SecureTransport false",
        fix="add the policy, or use AlarmTopic",
    ),
    Rule(
        id="unencrypted-database",
        breaks=_unencrypted_database,
        allowed="encrypted at creation",
        fix="set storage_encrypted",
        checkov=("CKV_AWS_16", "CKV_AWS_96"),
    ),
    Rule(
        id="database-without-tls",
        breaks=_database_without_tls,
        allowed="set to rds.force_ssl 1, the default since PostgreSQL 15",
        fix="set the parameter rds.force_ssl to 1",
        checkov=("CKV2_AWS_69",),
    ),
    Rule(
        id="database-without-backups",
        breaks=_database_without_backups,
        allowed="backed up, with a retention of 1 to 35 days",
        fix="set backup_retention_period",
        checkov=("CKV_AWS_133",),
    ),
    Rule(
        id="unrotated-key",
        breaks=_unrotated_key,
        allowed="rotated by KMS",
        fix="set enable_key_rotation",
        checkov=("CKV_AWS_7",),
    ),
    Rule(
        id="endless-logs",
        breaks=_endless_logs,
        allowed="limited to a number of days that CloudWatch Logs supports",
        fix="set retention_in_days",
        checkov=("CKV_AWS_66",),
    ),
)
