"""Names of AWS resources: check a given name, or derive one from the construct's path.

``shop/thumbnails`` becomes ``shop-thumbnails``. The name of a path that is deeper, too long or has other characters
ends in part of its hash, so two paths never get the same name. Derived names are part of the library's contract, as
ids are: the name of a path never changes.
"""

from __future__ import annotations

import hashlib
import re

from constructs_lib.foundation.errors import Checks

_HASH_LENGTH = 8
_DIRECTLY_IN_A_STACK = 1
_BUCKET_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
_BUCKET_ENDS = ("-s3alias", "--ol-s3", "--x-s3", "--table-s3")


def alarm(checks: Checks, name: str | None) -> str:
    """Name of an alarm.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    """
    return _check_or_derive(checks, name, 255, "alarm")


def alarms(checks: Checks, name: str | None) -> str:
    """Prefix of the names of several alarms, with room for their suffixes."""
    return _check_or_derive(checks, name, 200, "alarm")


def bucket(checks: Checks, name: str) -> str:
    """Name of a bucket, without dots, which S3's TLS certificate does not cover.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    """
    pattern = r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"
    return _check_or_derive(
        checks, name, 63, "bucket", pattern, reserved_starts=_BUCKET_STARTS, reserved_ends=_BUCKET_ENDS
    )


def bucket_stem(checks: Checks) -> str:
    """Start of a bucket's name, with room for the account's number (12 characters) and the region (at most 14)."""
    return _check_or_derive(checks, None, 35, "bucket", r"[a-z0-9][a-z0-9-]*", reserved_starts=_BUCKET_STARTS)


def dashboard(checks: Checks, name: str | None) -> str:
    """Name of a dashboard.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
    """
    return _check_or_derive(checks, name, 255, "dashboard", r"[A-Za-z0-9_-]+")


def database_instance(checks: Checks, name: str | None) -> str:
    """Name of a database instance.
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
    """
    return _check_or_derive(checks, name, 63, "database instance", r"[a-z](-?[a-z0-9])*")


def firewall(checks: Checks, name: str | None) -> str:
    """Name of a web ACL and of its log group.
    https://docs.aws.amazon.com/waf/latest/APIReference/API_CreateWebACL.html
    """
    return _check_or_derive(checks, name, 100, "web ACL")


def instance_group(checks: Checks, name: str | None) -> str:
    """Prefix of the names of an instance group's resources; the role's name has the lowest limit."""
    return role(checks, name)


def group(checks: Checks, name: str | None) -> str:
    """Name of an Auto Scaling group.
    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html
    """
    return _check_or_derive(checks, name, 255, "group", option="group_name")


def load_balancer(checks: Checks, name: str | None) -> str:
    """Name of a load balancer.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
    """
    pattern = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
    return _check_or_derive(checks, name, 32, "load balancer", pattern, reserved_starts=("internal-",))


def log_group(checks: Checks, name: str) -> str:
    """Name of a log group.
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
    """
    pattern = r"[A-Za-z0-9_./#-]+"
    return _check_or_derive(checks, name, 512, "log group", pattern, option="log_group", reserved_starts=("aws/",))


def log_queries(checks: Checks, name: str | None) -> str:
    """Folder of saved queries, with room for the query's name.
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutQueryDefinition.html
    """
    return _check_or_derive(checks, name, 150, "folder of queries", r"[A-Za-z0-9_-]+")


def network(checks: Checks, name: str | None) -> str:
    """Prefix of the names of a network's resources; the role of its flow logs adds ``-flows-``."""
    return _check_or_derive(checks, name, 31, "network", r"[\w+=,.@-]+")


def queue(checks: Checks, name: str | None) -> str:
    """Name of a queue, with room for ``-dlq``.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
    """
    return _check_or_derive(checks, name, 76, "queue", r"[A-Za-z0-9_-]+")


def role(checks: Checks, name: str | None) -> str:
    """Prefix of a role's name: 38 characters with its hyphen, Terraform adds 26 of IAM's 64."""
    return _check_or_derive(checks, name, 37, "role's name prefix", r"[\w+=,.@-]+")


def secret(checks: Checks, name: str | None) -> str:
    """Prefix of a secret's name.
    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
    """
    return _check_or_derive(checks, name, 480, "secret", r"[\w/+=.@-]+")


def security_group(checks: Checks, name: str | None) -> str:
    """Prefix of a security group's name; Terraform adds 26 of EC2's 255 characters.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
    """
    return _check_or_derive(checks, name, 200, "security group", reserved_starts=("sg-",))


def topic(checks: Checks, name: str | None) -> str:
    """Name of a topic and of its key's alias, which has the lower limit.
    https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
    """
    return _check_or_derive(checks, name, 240, "topic", r"[A-Za-z0-9_-]+")


def derive(path: str, longest: int) -> str:
    """Derive a name from a construct's path.

    Args:
        path: the stack's id and the ids below it, separated by slashes.
        longest: maximum number of characters.
    """
    joined = path.replace("/", "-")
    readable = re.sub(r"[^a-z0-9]+", "-", joined.lower()).strip("-")
    if readable == joined and len(readable) <= longest and path.count("/") <= _DIRECTLY_IN_A_STACK:
        return readable
    suffix = hashlib.sha256(path.encode()).hexdigest()[:_HASH_LENGTH]
    return f"{readable[: longest - _HASH_LENGTH - 1].rstrip('-')}-{suffix}".lstrip("-")


def _check_or_derive(
    checks: Checks,
    name: str | None,
    longest: int,
    owner: str,
    pattern: str = r"[A-Za-z0-9-]+",
    *,
    option: str = "name",
    reserved_starts: tuple[str, ...] = (),
    reserved_ends: tuple[str, ...] = (),
) -> str:
    chosen = derive(checks.path, longest) if name is None else name
    checks.name(
        option,
        chosen,
        longest=longest,
        owner=owner,
        pattern=pattern,
        reserved_starts=reserved_starts,
        reserved_ends=reserved_ends,
    )
    return chosen
