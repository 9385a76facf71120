"""Rules that hold between settings."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing
from collections.abc import Callable, Iterator
from datetime import timedelta

from constructs_lib.foundation.errors import ConstructError
from constructs_lib.messaging.sizing import size_queue, size_workers
from stacks.settings.model import AwsService, Settings


@dataclasses.dataclass(frozen=True)
class Violation:
    """A rule that does not hold.

    Args:
        setting: the setting to change.
        others: the settings it was compared with.
        allowed: what would have been accepted.
        fix: what to do.
    """

    setting: str
    others: tuple[str, ...]
    allowed: str
    fix: str


_FEWEST_REQUESTS = 10
"""AWS WAF counts no fewer. https://docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html"""

Rule = Callable[[Settings], Iterator[Violation]]


def capacities(settings: Settings) -> Iterator[Violation]:
    """Fewest <= at first <= most."""
    for group in ("api", "worker"):
        low, high, first = f"{group}_min_size", f"{group}_max_size", f"{group}_desired_capacity"
        fewest, most, desired = (getattr(settings, name) for name in (low, high, first))
        if fewest > most:
            yield Violation(low, (high,), f"are values up to {high} ({most})", f"lower {low} or raise {high}")
        elif not fewest <= desired <= most:
            allowed = f"are values from {low} ({fewest}) to {high} ({most})"
            yield Violation(first, (low, high), allowed, f"set {first} to {min(max(desired, fewest), most)}")


_SUBNETS = ("public_subnet_1_cidr", "public_subnet_2_cidr", "private_subnet_1_cidr", "private_subnet_2_cidr")


def ranges(settings: Settings) -> Iterator[Violation]:
    """The ranges are networks, the subnets lie in the VPC and apart."""
    networks: dict[str, ipaddress.IPv4Network] = {}
    for name in ("vpc_cidr", *_SUBNETS):
        smallest = 24 if name == "vpc_cidr" else 28
        try:
            networks[name] = ipaddress.IPv4Network(getattr(settings, name))
        except ValueError as error:
            yield Violation(name, (), "are IPv4 networks such as 10.0.1.0/24", str(error))
            continue
        if not 16 <= networks[name].prefixlen <= smallest:
            yield Violation(name, (), f"are sizes from /16 to /{smallest}", "choose another size")
    vpc = networks.pop("vpc_cidr", None)
    seen: dict[str, ipaddress.IPv4Network] = {}
    for name, network in networks.items():
        if vpc and not network.subnet_of(vpc):
            yield Violation(name, ("vpc_cidr",), f"are ranges inside vpc_cidr ({vpc})", "move it or widen vpc_cidr")
        for other, taken in seen.items():
            if network.overlaps(taken):
                yield Violation(name, (other,), f"are ranges apart from {other} ({taken})", "move one of them")
        seen[name] = network


def reach(settings: Settings) -> Iterator[Violation]:
    """Without NAT, every service the instances call has its endpoint."""
    missing = sorted({*typing.get_args(AwsService)} - {*settings.interface_endpoints})
    if settings.nat == "none" and missing:
        yield Violation(
            "interface_endpoints",
            ("nat",),
            f"is the list of all of {', '.join(typing.get_args(AwsService))} when nat is none",
            f"add {', '.join(missing)}, or choose nat single",
        )


def edge(settings: Settings) -> Iterator[Violation]:
    """A domain needs its zone and a zone its domain; a firewall's limit is one WAF takes."""
    if settings.domain_name and not settings.hosted_zone_id:
        allowed = "is the id of a Route 53 zone when domain_name is set"
        yield Violation("hosted_zone_id", ("domain_name",), allowed, "name the zone that holds domain_name")
    if settings.hosted_zone_id and not settings.domain_name:
        allowed = "is a name in the zone of hosted_zone_id"
        yield Violation("domain_name", ("hosted_zone_id",), allowed, "name the site, or leave out hosted_zone_id")
    if 0 < settings.waf_requests_per_5_minutes < _FEWEST_REQUESTS:
        allowed = f"are 0 and whole numbers from {_FEWEST_REQUESTS}"
        yield Violation("waf_requests_per_5_minutes", (), allowed, "2000 is a usual choice, 0 leaves the firewall out")


def state(settings: Settings) -> Iterator[Violation]:
    """S3 state needs its bucket."""
    if settings.state_backend == "s3" and not settings.state_bucket:
        allowed = "is the name of a bucket that exists"
        yield Violation("state_bucket", ("state_backend",), allowed, "name one, or use state_backend local")


def emulator(settings: Settings) -> Iterator[Violation]:
    """The emulator does not know Debian's image parameter."""
    if settings.embedded and settings.ami_id.startswith("/"):
        yield Violation(
            "ami_id", ("target",), "are ami-... ids when target is embedded", "use the one of environments/local.toml"
        )


_TIMES = {
    "max_job": "max_job_seconds",
    "retention": "message_retention_period",
    "max_receives": "max_receive_count",
    "seconds_per_job": "worker_seconds_per_video",
    "acceptable_latency": "worker_acceptable_wait",
    "jobs_at_once": "worker_concurrency",
}


def times(settings: Settings) -> Iterator[Violation]:
    """The queue and the workers can be sized; the constructs would refuse the same, but one by one."""
    try:
        queue = size_queue(
            "queue",
            max_job=timedelta(seconds=settings.max_job_seconds),
            retention=timedelta(seconds=settings.message_retention_period),
            max_receives=settings.max_receive_count,
        )
        size_workers(
            "workers",
            queue,
            seconds_per_job=settings.worker_seconds_per_video,
            acceptable_latency=timedelta(seconds=settings.worker_acceptable_wait),
            jobs_at_once=settings.worker_concurrency,
        )
    except ConstructError as error:
        setting = _TIMES[error.option]
        others = tuple(name for name in _TIMES.values() if name != setting)
        fix = error.fix
        for option, name in _TIMES.items():
            fix = re.sub(rf"\b{option}\b", name, fix)
        yield Violation(setting, others, error.allowed, fix)


RULES: tuple[Rule, ...] = (capacities, ranges, reach, edge, state, emulator, times)
