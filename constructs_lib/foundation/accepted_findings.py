"""What scanners object to and the library does nowhere, by decision: no option changes it.

Each is part of the register of waivers, in every stack that holds something of the kind.
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class AcceptedFinding:
    """A protection that is left out everywhere.

    Args:
        kind: Terraform's type of what it is about; a data source's begins with ``data.``.
        weakened: what is weaker than a scanner wants.
        reason: why that is all right.
        explains: ids of the scanner rules that would object.
    """

    kind: str
    weakened: str
    reason: str
    explains: tuple[str, ...]


ACCEPTED_FINDINGS = (
    AcceptedFinding(
        kind="aws_s3_bucket",
        weakened="is in one region alone",
        reason="a second region costs as much again; replaced and deleted objects can be brought back for a time",
        explains=("CKV_AWS_144",),
    ),
    AcceptedFinding(
        kind="aws_s3_bucket",
        weakened="is encrypted under S3's own key",
        reason="a key of one's own protects from nobody who may call S3, and costs by the request",
        explains=("CKV_AWS_145",),
    ),
    AcceptedFinding(
        kind="aws_s3_bucket",
        weakened="writes down no requests",
        reason="who may read is narrow; CloudTrail's data events write down more and sooner, where that is asked for",
        explains=("CKV_AWS_18",),
    ),
    AcceptedFinding(
        kind="aws_s3_bucket",
        weakened="tells nobody of its events",
        reason="a queue is told by the program that knows what was uploaded; nothing waits for a bucket's events",
        explains=("CKV2_AWS_62",),
    ),
    AcceptedFinding(
        kind="aws_secretsmanager_secret",
        weakened="is encrypted under Secrets Manager's own key",
        reason="who may read a secret is said by its grants",
        explains=("CKV_AWS_149",),
    ),
    AcceptedFinding(
        kind="aws_secretsmanager_secret",
        weakened="is not rotated by a clock",
        reason="a new value would end what was signed with the old one; it is made by raising the secret's version",
        explains=("CKV2_AWS_57",),
    ),
    AcceptedFinding(
        kind="aws_cloudwatch_log_group",
        weakened="is encrypted under CloudWatch's own key",
        reason="who may read logs is said by IAM",
        explains=("CKV_AWS_158",),
    ),
    AcceptedFinding(
        kind="data.aws_availability_zones",
        weakened="takes the zones the region has",
        reason="they are counted at deployment, and a zone that opens later changes no subnet's zone",
        explains=("CKV_AWS_394",),
    ),
    AcceptedFinding(
        kind="aws_db_instance",
        weakened="has no enhanced monitoring",
        reason="it wants a role and pays for logs by the second; the alarms read what RDS publishes for nothing",
        explains=("CKV_AWS_118",),
    ),
    AcceptedFinding(
        kind="aws_db_instance",
        weakened="takes passwords and not IAM's tokens",
        reason="the password is made and rotated by RDS and read with a role; a second way in is one more to guard",
        explains=("CKV_AWS_161",),
    ),
    AcceptedFinding(
        kind="aws_db_instance",
        weakened="has no Performance Insights",
        reason="which statements take long is looked into when an alarm asks; it can be switched on while it runs",
        explains=("CKV_AWS_353",),
    ),
)
"""All decisions."""
