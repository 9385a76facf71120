"""The names AWS knows things by: given and checked, or made from the stack and the construct's path.

``shop/thumbnails`` becomes ``shop-thumbnails``. A path that is deeper, too long, or holds other characters ends in a
part of its hash, so that two paths never make one name. The same path makes the same name for ever: names are contract,
as ids are.
"""

from __future__ import annotations

import hashlib
import re

from constructs_lib.foundation.errors import Checks

_TAIL = 8
_DIRECTLY_IN_A_STACK = 1


def alarm(checks: Checks, given: str | None) -> str:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""
    return _chosen(checks, given, 255, "alarm")


def alarms(checks: Checks, given: str | None) -> str:
    """Prefix of the names of several alarms, with room for what each tells."""
    return _chosen(checks, given, 200, "alarm")


def bucket(checks: Checks, given: str) -> str:
    """A bucket's name. Dots are left out, its TLS certificate does not cover them.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    """
    return _chosen(checks, given, 63, "bucket", r"[a-z0-9][a-z0-9-]{2,62}")


def bucket_stem(checks: Checks) -> str:
    """What an account's number (12 characters) and a region (14 at most) can follow in a bucket's name."""
    return _chosen(checks, None, 35, "bucket", r"[a-z0-9][a-z0-9-]*")


def dashboard(checks: Checks, given: str | None) -> str:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html"""
    return _chosen(checks, given, 255, "dashboard", r"[A-Za-z0-9_-]+")


def database_instance(checks: Checks, given: str | None) -> str:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html"""
    return _chosen(checks, given, 63, "database instance", r"[a-z](-?[a-z0-9])*")


def firewall(checks: Checks, given: str | None) -> str:
    """A web ACL, and its log group. https://docs.aws.amazon.com/waf/latest/APIReference/API_CreateWebACL.html"""
    return _chosen(checks, given, 100, "web ACL")


def fleet(checks: Checks, given: str | None) -> str:
    """Prefix of the parts of a group of instances; its role's is the shortest."""
    return role(checks, given)


def group(checks: Checks, given: str | None) -> str:
    """An Auto Scaling group.
    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html
    """
    return _chosen(checks, given, 255, "group", option="group_name")


def load_balancer(checks: Checks, given: str | None) -> str:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html"""
    return _chosen(checks, given, 32, "load balancer")


def log_group(checks: Checks, given: str) -> str:
    """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html"""
    return _chosen(checks, given, 512, "log group", r"[A-Za-z0-9_./#-]+", option="log_group")


def log_queries(checks: Checks, given: str | None) -> str:
    """Folder of saved queries, with room for the name of each.
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutQueryDefinition.html
    """
    return _chosen(checks, given, 150, "folder of queries", r"[A-Za-z0-9_-]+")


def network(checks: Checks, given: str | None) -> str:
    """Prefix of the parts of a network; the role of its flow logs ends in ``-flows-``."""
    return _chosen(checks, given, 31, "network", r"[\w+=,.@-]+")


def queue(checks: Checks, given: str | None) -> str:
    """A queue's name, with room for ``-dlq``.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
    """
    return _chosen(checks, given, 76, "queue", r"[A-Za-z0-9_-]+")


def role(checks: Checks, given: str | None) -> str:
    """Prefix of a role's name: 38 characters with its hyphen, Terraform adds 26 of IAM's 64."""
    return _chosen(checks, given, 37, "role's name prefix", r"[\w+=,.@-]+")


def secret(checks: Checks, given: str | None) -> str:
    """Prefix of a secret's name.
    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
    """
    return _chosen(checks, given, 480, "secret", r"[\w/+=.@-]+")


def security_group(checks: Checks, given: str | None) -> str:
    """Prefix of a security group's name; Terraform adds 26 of EC2's 255 characters."""
    return _chosen(checks, given, 200, "security group")


def topic(checks: Checks, given: str | None) -> str:
    """A topic's name, and its key's alias, which is the shorter.
    https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
    """
    return _chosen(checks, given, 240, "topic", r"[A-Za-z0-9_-]+")


def derived(path: str, longest: int) -> str:
    """The name that a construct's path makes.

    Args:
        path: the stack and the ids below it, with slashes.
        longest: how many characters it may have.
    """
    joined = path.replace("/", "-")
    readable = re.sub(r"[^a-z0-9]+", "-", joined.lower()).strip("-")
    if readable == joined and len(readable) <= longest and path.count("/") <= _DIRECTLY_IN_A_STACK:
        return readable
    tail = hashlib.sha256(path.encode()).hexdigest()[:_TAIL]
    return f"{readable[: longest - _TAIL - 1].rstrip('-')}-{tail}".lstrip("-")


def _chosen(
    checks: Checks,
    given: str | None,
    longest: int,
    owner: str,
    pattern: str = r"[A-Za-z0-9-]+",
    *,
    option: str = "name",
) -> str:
    name = derived(checks.path, longest) if given is None else given
    checks.name(option, name, longest=longest, owner=owner, pattern=pattern)
    return name
