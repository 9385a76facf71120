"""The IAM actions that AWS checks when an API is called.

Most operations check the action of their own name. The others are below; each service's page lists them:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.api_calls import ApiCall

_PREFIXES = {"elbv2": "elasticloadbalancing", "resourcegroupstaggingapi": "tag", "service-quotas": "servicequotas"}
"""IAM's prefix of a service, where it is not botocore's name."""

_NONE_NEEDED = {"sts:GetCallerIdentity"}
"""https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html"""

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
_S3 = {
    "CompleteMultipartUpload": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListParts": "ListMultipartUploadParts",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "UploadPart": "PutObject",
}

_OTHERS = {
    # https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
    "lambda:Invoke": "lambda:InvokeFunction",
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}


_TAG_ACTIONS = {
    "acm": "acm:AddTagsToCertificate",
    "autoscaling": "autoscaling:CreateOrUpdateTags",
    "cloudwatch": "cloudwatch:TagResource",
    "ec2": "ec2:CreateTags",
    "elbv2": "elasticloadbalancing:AddTags",
    "iam:CreateInstanceProfile": "iam:TagInstanceProfile",
    "iam:CreateRole": "iam:TagRole",
    "kms": "kms:TagResource",
    "lambda": "lambda:TagResource",
    "logs": "logs:TagResource",
    "rds": "rds:AddTagsToResource",
    "secretsmanager": "secretsmanager:TagResource",
    "sns": "sns:TagResource",
    "sqs": "sqs:TagQueue",
    "wafv2": "wafv2:TagResource",
}
"""Action that tags at creation need, by service or call."""

_CREATES = ("Allocate", "Authorize", "Create", "Put", "Request", "Run")


def required_actions(call: ApiCall) -> frozenset[str]:
    """Return the IAM actions that a call needs, including those that its members need, such as tags or a version."""
    name = str(call)
    if name in _NONE_NEEDED:
        return frozenset()
    if call.service == "s3":
        return frozenset(f"s3:{action}" for action in _s3_actions(call.operation, call.members))
    actions = {_OTHERS.get(name, f"{_PREFIXES.get(call.service, call.service)}:{call.operation}")}
    tagged = any(call.members.get(member) for member in ("Tags", "tags", "TagSpecifications"))
    if tagged and call.operation.startswith(_CREATES):
        actions.add(_TAG_ACTIONS.get(name) or _TAG_ACTIONS[call.service])
    return frozenset(actions)


def _s3_actions(operation: str, members: Mapping[str, Any]) -> set[str]:
    if operation == "DeleteObjects":
        objects = members.get("Delete", {}).get("Objects", [])
        return {"DeleteObject", *("DeleteObjectVersion" for each in objects if each.get("VersionId"))}
    if operation == "CopyObject":
        return {"PutObject", "GetObject"}
    action = _S3.get(operation, operation)
    if action in ("GetObject", "DeleteObject") and members.get("VersionId"):
        return {action, f"{action}Version"}
    tagged = members.get("Tagging") and operation in ("PutObject", "CreateMultipartUpload")
    return {action, "PutObjectTagging"} if tagged else {action}
