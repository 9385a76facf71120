"""Capacity and options of an instance group."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import timedelta

from constructs_lib.foundation import offers
from constructs_lib.foundation.errors import Checks

DEBIAN_13 = "/aws/service/debian/release/13/latest/amd64"
"""Debian's public parameter for its latest AMI.
https://wiki.debian.org/Cloud/AmazonEC2Image/Trixie"""


@dataclasses.dataclass(frozen=True)
class Capacity:
    """Number of instances. A tuple ``(minimum, maximum)`` is the same without ``desired``.

    Args:
        minimum: minimum number of instances, 0 or more.
        maximum: maximum number of instances, 1 to 1000.
        desired: initial number of instances, by default the minimum; later deployments do not reset it.
    """

    minimum: int
    maximum: int
    desired: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class SessionManagerAgent:
    """A version of Session Manager's agent, which runs as root and opens shells.

    An instance installs the package from AWS's bucket in its region only if it has this hash. To get the hash, verify
    the package's signature once and hash it:
    https://docs.aws.amazon.com/systems-manager/latest/userguide/verify-agent-signature.html

    Args:
        version: version of the agent, such as ``3.3.987.0``.
        sha256: SHA-256 of ``amazon-ssm-agent.deb`` for the instances' architecture.
    """

    version: str
    sha256: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class InstanceOptions:
    """Options of the instances.

    Args:
        instance_type: EC2 instance type; one that AWS does not offer in the stack's region is a warning at synth.
            Default: t3.small.
        ami_id: AMI, or public Systems Manager parameter of one, resolved by each deployment; of the instance type's
            architecture. Default: Debian 13 for amd64.
        disk_gib: size of the encrypted gp3 root volume in GiB, 8 to 16384. Default: 30.
        existing_profile: instance profile to use instead of a new role; needs ``existing_function_role``.
        existing_function_role: name or ARN of the role of the Lambda function that starts rollouts, instead of a new
            role; with ``existing_profile`` only.
        tags: tags of the group, its instances and their volumes.
        wait_for_capacity: time that Terraform waits for healthy instances; zero does not wait. Default: 15 minutes.
        log_group: name of the instances' log group. Default: ``/`` and the group's ``name``. Each boot logs its
            outcome to the stream ``boot/<instance id>``, a failed one the end of its log.
        log_days: retention of the logs in days, one of ``log_retention.RETENTION_DAYS``. Default: 30.
        isolates_children: allow the program to run children in user and network namespaces, for untrusted input.
            Otherwise it can create no namespaces. Default: false.
        session_manager: agent of Session Manager to install, with the permissions for it. Default: none, so that no
            shell can be opened.
    """

    instance_type: str = "t3.small"
    ami_id: str = DEBIAN_13
    disk_gib: int = 30
    existing_profile: str | None = None
    existing_function_role: str | None = None
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)
    wait_for_capacity: timedelta = timedelta(minutes=15)
    log_group: str | None = None
    log_days: int = 30
    isolates_children: bool = False
    session_manager: SessionManagerAgent | None = None


USUAL_INSTANCES = InstanceOptions()

EC2_ARCHITECTURES = {"amd64": "x86_64", "arm64": "arm64"}
"""EC2's names of Debian's architectures."""


def check_architecture(checks: Checks, instances: InstanceOptions) -> None:
    """Check that the image's parameter names the architecture of the instance type.

    Args:
        checks: checks of the construct.
        instances: options of the instances.

    Raises:
        ConstructError: the parameter is for another architecture.
    """
    image, needed = offers.image_architecture(instances.ami_id), offers.architecture(instances.instance_type)
    if image not in (None, needed):
        raise checks.error(
            "ami_id",
            instances.ami_id,
            allowed=f"an image for {needed}, as the instance type is {instances.instance_type}",
            fix=f"use {instances.ami_id.removesuffix(str(image))}{needed}, or another instance type",
        )


def check_session_manager(checks: Checks, agent: SessionManagerAgent | None) -> None:
    """Check the version and the hash of Session Manager's agent, which become words of a shell script.

    Args:
        checks: checks of the construct.
        agent: the agent, if any.

    Raises:
        ConstructError: the version or the hash has another form.
    """
    if agent is not None:
        owner = "release of the agent"
        checks.name("session_manager.version", agent.version, longest=30, owner=owner, pattern=r"\d+(\.\d+){3}")
        checks.name("session_manager.sha256", agent.sha256, longest=64, owner=owner, pattern=r"[0-9a-f]{64}")


def resolve_capacity(checks: Checks, given: Capacity | tuple[int, int], *, initial_capacity: int) -> Capacity:
    """Check a capacity and fill in its desired number.

    Args:
        checks: checks of the construct.
        given: capacity as passed to the construct.
        initial_capacity: minimum initial capacity if ``desired`` is not set.

    Raises:
        ConstructError: the numbers contradict each other.
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
