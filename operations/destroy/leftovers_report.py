"""List the resources that are left after an environment was destroyed, with their cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from constructs_lib.governance import prices
from emulator.objects import list_objects

Client = Callable[[str], Any]
"""Creates a boto3 client for a service."""

_GIB = 1024**3
_MAX_TAGGED = 20


def list_leftovers(client: Client, environment: str, buckets: Iterable[str]) -> Iterator[str]:
    """Yield a line for each resource that is left.

    Args:
        client: Creates clients for the target account.
        environment: Prefix of the resource names, and value of the tag Environment.
        buckets: Buckets that were kept.
    """
    for bucket in buckets:
        sizes = [size for _, size in list_objects(client("s3"), bucket)]
        total = sum(sizes)
        cost = f"${total / _GIB * prices.OBJECT_GIB:.2f} a month"
        yield f"bucket {bucket}: {len(sizes)} objects, {_size(total)}, {cost}, excluding old versions"
    rds = client("rds")
    for snapshot in rds.describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]:
        if snapshot["DBInstanceIdentifier"].startswith(f"{environment}-"):
            size = snapshot["AllocatedStorage"]
            cost = size * prices.SNAPSHOT_GIB
            yield f"snapshot {snapshot['DBSnapshotIdentifier']}: up to {size} GiB, ${cost:.2f} a month at most"
    for backup in rds.describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"]:
        if backup["Status"] == "retained" and backup["DBInstanceIdentifier"].startswith(f"{environment}-"):
            yield (
                f"automated backups of {backup['DBInstanceIdentifier']}: RDS deletes them when their retention ends, "
                f"${prices.SNAPSHOT_GIB} per GiB and month until then"
            )
    yield from _tagged(client, environment, set(buckets))


def _tagged(client: Client, environment: str, listed: set[str]) -> Iterator[str]:
    """Yield other resources with the environment's tag; AWS reports some for a while after they were deleted."""
    filters = [{"Key": "Environment", "Values": [environment]}]
    try:
        pages = client("resourcegroupstaggingapi").get_paginator("get_resources").paginate(TagFilters=filters)
        arns = [resource["ResourceARN"] for page in pages for resource in page["ResourceTagMappingList"]]
    except (ClientError, BotoCoreError) as error:
        yield f"other resources with the tag Environment={environment} cannot be listed: {error}"
        return
    others = [arn for arn in arns if arn.rpartition(":")[2] not in listed and ":snapshot:" not in arn]
    yield from others[:_MAX_TAGGED]
    if len(others) > _MAX_TAGGED:
        yield f"{len(others) - _MAX_TAGGED} more resources with the tag Environment={environment}"


def _size(count: int) -> str:
    return f"{count / _GIB:.1f} GiB" if count >= _GIB else f"{count / 1024**2:.1f} MiB"
