"""How many instances a group has, and what they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import timedelta

from constructs_lib.foundation.errors import Checks

DEBIAN_13 = "/aws/service/debian/release/13/latest/amd64"
"""Debian's own public parameter for its newest AMI.
https://wiki.debian.org/Cloud/AmazonEC2Image/Trixie"""


@dataclasses.dataclass(frozen=True)
class Capacity:
    """How many instances there are. Where nothing is said of the first ones, ``(minimum, maximum)`` says the same.

    Args:
        minimum: never fewer.
        maximum: never more.
        desired: how many at first, by default the minimum; afterwards scaling decides and no deployment resets it.
    """

    minimum: int
    maximum: int
    desired: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class InstanceOptions:
    """What the instances are.

    Args:
        instance_type: EC2 instance type.
        ami_id: an AMI, or a public parameter of Systems Manager that names one, looked up by each deployment.
        disk_gib: size of the encrypted gp3 root volume.
        existing_profile: an instance profile to use instead of a role of its own.
        tags: for the group, its instances and their volumes.
        rolling: replace the instances when the launch template changes.
        wait_for_capacity: whether Terraform waits for healthy instances, up to this long; zero does not wait.
        log_group: name of the log group made for them, by default ``/`` and the group's ``name``. Each boot writes its
            outcome into the stream ``boot/<instance id>``, one that failed the end of its log.
        log_days: how long their logs are kept; one of ``log_retention.RETENTION_DAYS``.
        isolates_children: lets the program put its children into user and network namespaces of their own, to run
            what they must not trust without a network. Otherwise it can make no namespaces.
    """

    instance_type: str = "t3.small"
    ami_id: str = DEBIAN_13
    disk_gib: int = 30
    existing_profile: str | None = None
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)
    rolling: bool = True
    wait_for_capacity: timedelta = timedelta(minutes=15)
    log_group: str | None = None
    log_days: int = 30
    isolates_children: bool = False


USUAL_INSTANCES = InstanceOptions()


def checked_capacity(checks: Checks, given: Capacity | tuple[int, int], *, initial_capacity: int) -> Capacity:
    """A capacity with its desired number.

    Args:
        checks: of the construct that was given it.
        given: as it was given.
        initial_capacity: how many there are at first, at least, where nothing is said.

    Raises:
        ConstructError: for numbers out of order.
    """
    if not isinstance(given, Capacity):
        if len(given) != 2:
            raise checks.error(
                "capacity",
                given,
                allowed="(minimum, maximum) or a Capacity",
                fix="write capacity=(1, 3), or Capacity(1, 3, desired=2) to set the initial capacity",
            )
        given = Capacity(*given)
    low, high = given.minimum, given.maximum
    checks.between("capacity.minimum", low, 0, high, fix="lower it to the maximum or less")
    checks.between("capacity.maximum", high, 1, 1000, fix="allow at least one instance")
    desired = max(low, initial_capacity) if given.desired is None else given.desired
    checks.between("capacity.desired", desired, low, high, fix="choose a number from minimum to maximum")
    return Capacity(low, high, desired)
