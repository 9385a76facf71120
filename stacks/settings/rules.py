"""Rules between settings."""

from __future__ import annotations

import dataclasses
import functools
import ipaddress
import typing
from collections.abc import Callable, Iterator
from datetime import timedelta

from constructs_lib.database import reserved_names
from constructs_lib.foundation import names, offers
from constructs_lib.foundation.errors import Checks, ConstructError
from constructs_lib.messaging import sizing
from stacks.settings.model import Settings


@dataclasses.dataclass(frozen=True)
class Violation:
    """A setting that contradicts others.

    Args:
        setting: the setting to change.
        compared_with: the settings that decide what is allowed.
        allowed: the allowed values; completes "must be ...".
        fix: what the operator should do.
    """

    setting: str
    compared_with: tuple[str, ...]
    allowed: str
    fix: str


_MIN_WAF_LIMIT = 10
"""Lowest rate limit that AWS WAF accepts. https://docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html"""

Rule = Callable[[Settings], Iterator[Violation]]


def check_capacities(settings: Settings) -> Iterator[Violation]:
    """Require minimum <= initial <= maximum capacity."""
    for group in ("api", "worker"):
        minimum, maximum, initial = f"{group}_min_size", f"{group}_max_size", f"{group}_desired_capacity"
        low, high, value = (getattr(settings, name) for name in (minimum, maximum, initial))
        if low > high:
            yield Violation(minimum, (maximum,), f"at most {maximum} ({high})", f"lower {minimum} or raise {maximum}")
        elif not low <= value <= high:
            allowed = f"between {minimum} ({low}) and {maximum} ({high})"
            yield Violation(initial, (minimum, maximum), allowed, f"set {initial} to {min(max(value, low), high)}")


_SUBNETS = ("public_subnet_1_cidr", "public_subnet_2_cidr", "private_subnet_1_cidr", "private_subnet_2_cidr")


def check_cidrs(settings: Settings) -> Iterator[Violation]:
    """Require valid networks of a size AWS accepts, and subnets that are inside the VPC and do not overlap."""
    networks: dict[str, ipaddress.IPv4Network] = {}
    for name in ("vpc_cidr", *_SUBNETS):
        longest_prefix = 24 if name == "vpc_cidr" else 28
        try:
            networks[name] = ipaddress.IPv4Network(getattr(settings, name))
        except ValueError as error:
            yield Violation(name, (), "an IPv4 network such as 10.0.1.0/24", f"correct it: {error}")
            continue
        if not 16 <= networks[name].prefixlen <= longest_prefix:
            yield Violation(name, (), f"between /16 and /{longest_prefix}", "choose another size")
    vpc = networks.pop("vpc_cidr", None)
    checked: dict[str, ipaddress.IPv4Network] = {}
    for name, network in networks.items():
        if vpc and not network.subnet_of(vpc):
            yield Violation(name, ("vpc_cidr",), f"inside vpc_cidr ({vpc})", "move it or widen vpc_cidr")
        for other, other_network in checked.items():
            if network.overlaps(other_network):
                allowed = f"a range that does not overlap {other} ({other_network})"
                yield Violation(name, (other,), allowed, "move one of them")
        checked[name] = network


def check_endpoints(settings: Settings) -> Iterator[Violation]:
    """Without NAT, require an interface endpoint for every service that the instances call."""
    services = settings.called_services
    missing = sorted({*services} - {*settings.interface_endpoints})
    if settings.nat == "none" and missing:
        allowed = f"the list of all of {', '.join(services)} when nat is none"
        yield Violation(
            "interface_endpoints",
            ("nat", "session_manager_agent"),
            allowed,
            f"add {', '.join(missing)}, or set nat to single",
        )


def check_domain(settings: Settings) -> Iterator[Violation]:
    """Require a domain and its zone together."""
    if settings.domain_name and not settings.hosted_zone_id:
        allowed = "the id of a Route 53 zone when domain_name is set"
        yield Violation("hosted_zone_id", ("domain_name",), allowed, "set it to the zone that holds domain_name")
    if settings.hosted_zone_id and not settings.domain_name:
        allowed = "a name in the zone hosted_zone_id"
        yield Violation("domain_name", ("hosted_zone_id",), allowed, "set the site's name, or remove hosted_zone_id")


def check_origins(settings: Settings) -> Iterator[Violation]:
    """Require the site's origin if it is unknown: no certificate is valid for the load balancer's own name."""
    if settings.certificate_arn and not settings.domain_name and not settings.portal_origins:
        allowed = "the site's origin, such as https://anb.example, when certificate_arn is set without domain_name"
        fix = "list the origin whose name points to the load balancer, or set domain_name and hosted_zone_id"
        yield Violation("portal_origins", ("certificate_arn", "domain_name"), allowed, fix)


def check_existing_roles(settings: Settings) -> Iterator[Violation]:
    """Require existing roles for both the instances and the rollouts, or for neither."""
    profile, role = "existing_instance_profile", "existing_function_role"
    if settings.existing_instance_profile and not settings.existing_function_role:
        allowed = f"a role that Lambda may assume when {profile} is set"
        yield Violation(role, (profile,), allowed, "name one, such as LabRole in AWS Academy labs")
    if settings.existing_function_role and not settings.existing_instance_profile:
        allowed = f"an instance profile when {role} is set"
        yield Violation(profile, (role,), allowed, f"name one, or remove {role}")


def check_firewall(settings: Settings) -> Iterator[Violation]:
    """Require a rate limit that AWS WAF accepts."""
    if 0 < settings.waf_requests_per_5_minutes < _MIN_WAF_LIMIT:
        allowed = f"0 or a whole number from {_MIN_WAF_LIMIT}"
        yield Violation("waf_requests_per_5_minutes", (), allowed, "set it to 2000, or to 0 for no firewall")


def check_state_backend(settings: Settings) -> Iterator[Violation]:
    """Require a bucket for state in S3."""
    if settings.state_backend == "s3" and not settings.state_bucket:
        allowed = "the name of an existing bucket when state_backend is s3"
        yield Violation("state_bucket", ("state_backend",), allowed, "name a bucket, or set state_backend to local")


def check_ami(settings: Settings) -> Iterator[Violation]:
    """Require an AMI id on the emulator, which does not have Debian's image parameter."""
    if settings.embedded and settings.ami_id.startswith("/"):
        allowed = "an id such as ami-12345678 when target is embedded"
        yield Violation("ami_id", ("target",), allowed, "copy the id from environments/local.toml")


_NAMES = (("{}-alb", names.load_balancer), ("{}-alb-sg", names.security_group), ("{}-videos-1", names.bucket))
"""Names that start with environment_name, for the services that reserve some starts."""


def check_names(settings: Settings) -> Iterator[Violation]:
    """Require names that AWS, RDS and PostgreSQL do not reserve."""
    checks = Checks(None, "settings")
    for pattern, check in _NAMES:
        name = pattern.format(settings.environment_name)
        allowed = f"a prefix of names that AWS accepts, and {name} is not one"
        fix = "choose another, such as anb-production"
        yield from _violation(functools.partial(check, checks, name), "environment_name", fix, allowed)
    bucket = settings.video_storage_bucket_name
    fix = "choose another name"
    if bucket:
        yield from _violation(lambda: names.bucket(checks, bucket), "video_storage_bucket_name", fix)
    yield from _violation(lambda: reserved_names.check_database(checks, settings.db_name), "db_name", fix)
    yield from _violation(lambda: reserved_names.check_username(checks, settings.db_username), "db_username", fix)


def check_region(settings: Settings) -> Iterator[Violation]:
    """Require a region that is supported and offers the instance types and the database class."""
    region = settings.aws_region
    try:
        offers.check_region(Checks(None, "settings"), region)
    except ConstructError as error:
        yield Violation("aws_region", (), error.allowed, error.fix)
    types: tuple[tuple[str, offers.Kind], ...] = (
        ("api_instance_type", "instance_types"),
        ("worker_instance_type", "instance_types"),
        ("db_instance_class", "database_classes"),
    )
    for setting, kind in types:
        if offers.is_missing(kind, getattr(settings, setting), region):
            types_allowed = typing.get_args(Settings.model_fields[setting].annotation)
            offered = [name for name in types_allowed if not offers.is_missing(kind, name, region)]
            allowed = f"a type that AWS offers in {region}: {', '.join(offered)}"
            yield Violation(setting, ("aws_region",), allowed, "choose one of them, or another region")


def check_architecture(settings: Settings) -> Iterator[Violation]:
    """Require Debian's image for the architecture of the instance types."""
    for setting in ("api_instance_type", "worker_instance_type"):
        needed = offers.architecture(getattr(settings, setting))
        if offers.image_architecture(settings.ami_id) not in (None, needed):
            allowed = f"an image for {needed}, as {setting} is {getattr(settings, setting)}"
            yield Violation("ami_id", (setting,), allowed, f"use the parameter that ends in {needed}")
            return


def _violation(check: Callable[[], object], setting: str, fix: str, allowed: str = "") -> Iterator[Violation]:
    """Yield a violation if a check of the library fails."""
    try:
        check()
    except ConstructError as error:
        yield Violation(setting, (), allowed or error.allowed, fix)


_SIZING_FIXES = {
    "max_job": ("max_job_seconds", "lower it, as SQS hides a message for at most 12 hours"),
    "max_receives": ("max_receive_count", "lower it, or lower max_job_seconds"),
    "retention": (
        "message_retention_period",
        (
            "leave time for every attempt (max_receive_count x (max_job_seconds + visibility timeout)) and one of "
            "SQS's 14 days for the dead-letter queue"
        ),
    ),
    "seconds_per_job": ("worker_seconds_per_video", "use at most max_job_seconds"),
    "acceptable_latency": (
        "worker_acceptable_wait",
        (
            "allow at least one video (worker_seconds_per_video / worker_concurrency), and less than "
            "message_retention_period"
        ),
    ),
}
"""The setting and the fix for each argument that the sizing checks can reject."""

_SIZING_SETTINGS = (*(setting for setting, _ in _SIZING_FIXES.values()), "worker_concurrency")


def check_sizing(settings: Settings) -> Iterator[Violation]:
    """Require numbers from which the constructs can size the queue and the workers."""
    max_job = timedelta(seconds=settings.max_job_seconds)
    retention = timedelta(seconds=settings.message_retention_period)
    try:
        sizing.check_queue("queue", max_job=max_job, retention=retention, max_receives=settings.max_receive_count)
        sizing.check_workers(
            "workers",
            max_job=max_job,
            retention=retention,
            seconds_per_job=settings.worker_seconds_per_video,
            acceptable_latency=timedelta(seconds=settings.worker_acceptable_wait),
            concurrency=settings.worker_concurrency,
        )
    except ConstructError as error:
        setting, fix = _SIZING_FIXES[error.option]
        yield Violation(setting, _SIZING_SETTINGS, error.allowed, fix)


RULES: tuple[Rule, ...] = (
    check_capacities,
    check_cidrs,
    check_endpoints,
    check_domain,
    check_origins,
    check_existing_roles,
    check_firewall,
    check_state_backend,
    check_ami,
    check_names,
    check_region,
    check_architecture,
    check_sizing,
)
