"""What is still there of an environment when it is destroyed, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from constructs_lib.governance import prices
from emulator.objects import list_objects

Client = Callable[[str], Any]
"""Makes a boto3 client of a service."""

_GIB = 1024**3
_SHOWN = 20


def remaining(client: Client, environment: str, buckets: Iterable[str]) -> Iterator[str]:
    """A line for each thing that is still there.

    Args:
        client: of where it was.
        environment: prefix of its names, and value of its tag Environment.
        buckets: those that were kept.
    """
    for bucket in buckets:
        sizes = [size for _, size in list_objects(client("s3"), bucket)]
        total = sum(sizes)
        cost = f"${total / _GIB * prices.OBJECT_GIB:.2f} a month"
        yield f"bucket {bucket}: {len(sizes)} objects, {_size(total)}, {cost}, former versions besides"
    for snapshot in client("rds").describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]:
        if snapshot["DBInstanceIdentifier"].startswith(f"{environment}-"):
            size = snapshot["AllocatedStorage"]
            cost = size * prices.SNAPSHOT_GIB
            yield f"snapshot {snapshot['DBSnapshotIdentifier']}: up to {size} GiB, ${cost:.2f} a month at most"
    yield from _tagged(client, environment, set(buckets))


def _tagged(client: Client, environment: str, told: set[str]) -> Iterator[str]:
    """Whatever else has the environment's tag; AWS still names some things for a while after they are gone."""
    filters = [{"Key": "Environment", "Values": [environment]}]
    try:
        pages = client("resourcegroupstaggingapi").get_paginator("get_resources").paginate(TagFilters=filters)
        arns = [each["ResourceARN"] for page in pages for each in page["ResourceTagMappingList"]]
    except (ClientError, BotoCoreError) as error:
        yield f"what else has the tag Environment={environment} cannot be listed: {error}"
        return
    others = [arn for arn in arns if arn.rpartition(":")[2] not in told and ":snapshot:" not in arn]
    yield from others[:_SHOWN]
    if len(others) > _SHOWN:
        yield f"and {len(others) - _SHOWN} more with the tag Environment={environment}"


def _size(count: int) -> str:
    return f"{count / _GIB:.1f} GiB" if count >= _GIB else f"{count / 1024**2:.1f} MiB"
