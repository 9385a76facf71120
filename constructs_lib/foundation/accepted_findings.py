"""Scanner findings that the library accepts everywhere; no option changes them.

Every stack with a resource of the type has an entry in the register of waivers.
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class AcceptedFinding:
    """A protection that no construct of the library has.

    Args:
        kind: Terraform type of the resources; that of a data source starts with ``data.``.
        weakened: protection that is missing.
        reason: reason why that is acceptable.
        explains: ids of the scanner rules that report it.
    """

    kind: str
    weakened: str
    reason: str
    explains: tuple[str, ...]


ACCEPTED_FINDINGS = (
    AcceptedFinding(
        kind="aws_s3_bucket",
        weakened="is in one region only",
        reason="a second region doubles the cost; replaced and deleted objects can be restored for a limited time",
        explains=("CKV_AWS_144",),
    ),
    AcceptedFinding(
        kind="aws_s3_bucket",
        weakened="is encrypted with an S3-managed key",
        reason="a customer key does not protect against callers of S3, and is billed by request",
        explains=("CKV_AWS_145",),
    ),
    AcceptedFinding(
        kind="aws_s3_bucket",
        weakened="has no access logs",
        reason="read access is narrow; CloudTrail data events record more, and sooner, where that is required",
        explains=("CKV_AWS_18",),
    ),
    AcceptedFinding(
        kind="aws_s3_bucket",
        weakened="has no event notifications",
        reason="the program that accepts an upload sends the message; no consumer waits for bucket events",
        explains=("CKV2_AWS_62",),
    ),
    AcceptedFinding(
        kind="aws_secretsmanager_secret",
        weakened="is encrypted with the key of Secrets Manager",
        reason="grants limit who can read a secret",
        explains=("CKV_AWS_149",),
    ),
    AcceptedFinding(
        kind="aws_secretsmanager_secret",
        weakened="is not rotated automatically",
        reason="a new value invalidates everything signed with the old one; raising the secret's version creates one",
        explains=("CKV2_AWS_57",),
    ),
    AcceptedFinding(
        kind="aws_cloudwatch_log_group",
        weakened="is encrypted with the key of CloudWatch",
        reason="IAM policies limit who can read logs",
        explains=("CKV_AWS_158",),
    ),
    AcceptedFinding(
        kind="data.aws_availability_zones",
        weakened="uses the zones of the region",
        reason="zones are read at deployment, and a zone that opens later does not move a subnet",
        explains=("CKV_AWS_394",),
    ),
    AcceptedFinding(
        kind="aws_db_instance",
        weakened="has no enhanced monitoring",
        reason="it needs a role and pays for logs; the alarms use the metrics that RDS publishes for free",
        explains=("CKV_AWS_118",),
    ),
    AcceptedFinding(
        kind="aws_db_instance",
        weakened="accepts passwords, not IAM tokens",
        reason="RDS creates and rotates the password, and roles read it; a second login method is one more to protect",
        explains=("CKV_AWS_161",),
    ),
    AcceptedFinding(
        kind="aws_db_instance",
        weakened="has no Performance Insights",
        reason="slow statements are analyzed after an alarm; it can be enabled without a restart",
        explains=("CKV_AWS_353",),
    ),
    AcceptedFinding(
        kind="aws_lambda_function",
        weakened="runs outside of the VPC",
        reason="it calls only AWS's APIs, which a VPC without NAT does not reach",
        explains=("CKV_AWS_117",),
    ),
    AcceptedFinding(
        kind="aws_lambda_function",
        weakened="has no dead-letter queue",
        reason="Terraform calls it, waits for the result and reports the error",
        explains=("CKV_AWS_116",),
    ),
    AcceptedFinding(
        kind="aws_lambda_function",
        weakened="reserves no concurrency",
        reason="AWS refuses a reservation in a new account, whose limit is 10; a second call has no effect",
        explains=("CKV_AWS_115",),
    ),
    AcceptedFinding(
        kind="aws_lambda_function",
        weakened="is not traced",
        reason="it runs once in a deployment, and logs its result",
        explains=("CKV_AWS_50",),
    ),
    AcceptedFinding(
        kind="aws_lambda_function",
        weakened="does not check a signature of its code",
        reason="Terraform uploads the code of the library and compares its hash",
        explains=("CKV_AWS_272",),
    ),
    AcceptedFinding(
        kind="aws_lambda_function",
        weakened="encrypts its variables with Lambda's key",
        reason="they hold names of resources and numbers, and no secret",
        explains=("CKV_AWS_173",),
    ),
)
"""Every accepted finding."""
