"""What a month of the synthesized stacks costs before anybody uses them.

It counts what AWS bills for standing there: instances, gateways, disks, alarms. What is billed by use, such as requests
and bytes sent and stored, it names and does not guess. Prices: ``constructs_lib/governance/prices.py``.

Every type of resource is priced, billed by use, both, or free; one that is in no list is named as not counted.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from constructs_lib.foundation import template
from constructs_lib.foundation.template import Resource
from constructs_lib.governance import prices


@dataclasses.dataclass(frozen=True)
class Cost:
    """What a resource or a stack costs a month, in US dollars.

    Args:
        low: with the fewest instances its groups allow.
        high: with the most.
        unpriced: what the price table does not know.
        usage_based: what is billed by use besides.
    """

    low: float = 0.0
    high: float = 0.0
    unpriced: tuple[str, ...] = ()
    usage_based: tuple[str, ...] = ()

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.low + other.low,
            self.high + other.high,
            self.unpriced + other.unpriced,
            self.usage_based + other.usage_based,
        )


def _always(dollars: float) -> Cost:
    return Cost(dollars, dollars)


def _hourly(dollars: float) -> Cost:
    return _always(dollars * prices.HOURS)


def _database(resource: Resource, _: list[Resource]) -> Cost:
    kind = resource.properties["instance_class"]
    zones = 2 if resource.properties.get("multi_az") else 1
    storage = _always(resource.properties.get("allocated_storage", 0) * prices.DATABASE_GIB * zones)
    secret = _always(prices.SECRET if resource.properties.get("manage_master_user_password") else 0)
    if kind not in prices.DATABASE_HOUR:
        return storage + secret + Cost(unpriced=(kind,))
    return _hourly(prices.DATABASE_HOUR[kind] * zones) + storage + secret


def _group(resource: Resource, siblings: list[Resource]) -> Cost:
    reference = next(iter(resource.blocks("launch_template")), {}).get("id", "")
    launch_template = next((each for each in siblings if f"{each.address}.id" in reference), None)
    if launch_template is None:
        return Cost(unpriced=(f"the instances of {resource.path}",))
    one = of_instance(launch_template)
    properties = resource.properties
    return Cost(one.high * properties["min_size"], one.high * properties["max_size"], one.unpriced)


def _load_balancer(resource: Resource, _: list[Resource]) -> Cost:
    addresses = 0 if resource.properties.get("internal") else len(resource.properties["subnets"])
    return _hourly(prices.LOAD_BALANCER_HOUR + addresses * prices.PUBLIC_ADDRESS_HOUR)


def _endpoint(resource: Resource, _: list[Resource]) -> Cost:
    if resource.properties.get("vpc_endpoint_type") != "Interface":
        return Cost()
    return _hourly(prices.ENDPOINT_HOUR * len(resource.properties["subnet_ids"]))


def _alarm(resource: Resource, _: list[Resource]) -> Cost:
    queries = resource.blocks("metric_query")
    metrics = sum(1 for query in queries if query.get("metric")) if queries else 1
    return _always(prices.ALARM_METRIC * metrics)


def _scaling(resource: Resource, _: list[Resource]) -> Cost:
    # Target tracking keeps two alarms of its own, one for each direction.
    metrics = 0
    for tracking in resource.blocks("target_tracking_configuration"):
        queries = [
            query
            for custom in template.blocks(tracking, "customized_metric_specification")
            for query in template.blocks(custom, "metrics")
        ]
        metrics += sum(1 for query in queries if query.get("metric_stat")) or 1
    return _always(2 * metrics * prices.ALARM_METRIC)


def _web_acl(resource: Resource, _: list[Resource]) -> Cost:
    return _always(prices.WEB_ACL + prices.WEB_ACL_RULE * len(resource.blocks("rule")))


PRICED: dict[str, Callable[[Resource, list[Resource]], Cost]] = {
    "aws_autoscaling_group": _group,
    "aws_autoscaling_policy": _scaling,
    "aws_cloudwatch_composite_alarm": lambda *_: _always(prices.COMPOSITE_ALARM),
    "aws_cloudwatch_dashboard": lambda *_: _always(prices.DASHBOARD),
    "aws_cloudwatch_metric_alarm": _alarm,
    "aws_db_instance": _database,
    "aws_eip": lambda *_: _hourly(prices.PUBLIC_ADDRESS_HOUR),
    "aws_kms_key": lambda *_: _always(prices.KEY),
    "aws_lb": _load_balancer,
    "aws_nat_gateway": lambda *_: _hourly(prices.NAT_GATEWAY_HOUR),
    "aws_route53_zone": lambda *_: _always(prices.HOSTED_ZONE),
    "aws_secretsmanager_secret": lambda *_: _always(prices.SECRET),
    "aws_vpc_endpoint": _endpoint,
    "aws_wafv2_web_acl": _web_acl,
}
"""What a resource costs whether it is used or not, given those of its stack."""

USAGE_BASED = {
    "aws_cloudwatch_log_group": "logs taken in and kept",
    "aws_cloudwatch_query_definition": "logs that queries look through",
    "aws_db_instance": "backups beyond the database's size",
    "aws_flow_log": "flow logs taken in",
    "aws_kms_key": "requests to KMS",
    "aws_lb": "load balancer capacity units",
    "aws_nat_gateway": "bytes through NAT gateways",
    "aws_route53_zone": "DNS queries",
    "aws_s3_bucket": "objects kept, and requests to S3",
    "aws_s3_object": "objects kept, and requests to S3",
    "aws_secretsmanager_secret": "requests for secrets",
    "aws_sns_topic": "messages told to subscribers",
    "aws_sqs_queue": "requests to SQS",
    "aws_vpc": "bytes to other zones and to the internet",
    "aws_vpc_endpoint": "bytes through interface endpoints",
    "aws_wafv2_web_acl": "requests looked at by WAF",
}
"""What a resource's use is billed by."""

FREE = {
    "aws_acm_certificate",
    "aws_acm_certificate_validation",
    "aws_autoscaling_lifecycle_hook",
    "aws_db_parameter_group",
    "aws_db_subnet_group",
    "aws_default_security_group",
    "aws_iam_instance_profile",
    "aws_iam_role",
    "aws_iam_role_policy",
    "aws_internet_gateway",
    "aws_kms_alias",
    "aws_launch_template",
    "aws_lb_listener",
    "aws_lb_target_group",
    "aws_route",
    "aws_route53_record",
    "aws_route_table",
    "aws_route_table_association",
    "aws_s3_bucket_cors_configuration",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_bucket_policy",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
    "aws_secretsmanager_secret_version",
    "aws_security_group",
    "aws_sns_topic_policy",
    "aws_sns_topic_subscription",
    "aws_sqs_queue_policy",
    "aws_sqs_queue_redrive_allow_policy",
    "aws_subnet",
    "aws_vpc_security_group_egress_rule",
    "aws_vpc_security_group_ingress_rule",
    "aws_wafv2_web_acl_association",
    "aws_wafv2_web_acl_logging_configuration",
}
"""What AWS asks nothing for, but for what it is a part of."""


def estimate(stacks: template.Documents) -> dict[str, Cost]:
    """What each stack costs a month, by its name."""
    costs = {}
    for name, document in stacks.items():
        resources = list(template.resources(document))
        costs[name] = sum((_of(each, resources) for each in resources), Cost())
    return costs


def of_instance(launch_template: Resource) -> Cost:
    """What one instance of a launch template costs a month, its disks and monitoring with it.

    Args:
        launch_template: an ``aws_launch_template``.
    """
    kind = launch_template.properties["instance_type"]
    if kind not in prices.INSTANCE_HOUR:
        return Cost(unpriced=(kind,))
    disks = sum(
        int(ebs["volume_size"])
        for disk in launch_template.blocks("block_device_mappings")
        for ebs in template.blocks(disk, "ebs")
    )
    monitored = any(block.get("enabled") for block in launch_template.blocks("monitoring"))
    one = prices.INSTANCE_HOUR[kind] * prices.HOURS + disks * prices.DISK_GIB
    return _always(one + (prices.DETAILED_MONITORING if monitored else 0))


def _of(resource: Resource, siblings: list[Resource]) -> Cost:
    kind = resource.kind
    standing = PRICED[kind](resource, siblings) if kind in PRICED else Cost()
    used = Cost(usage_based=(USAGE_BASED[kind],)) if kind in USAGE_BASED else Cost()
    unknown = kind.startswith("aws_") and kind not in PRICED.keys() | USAGE_BASED.keys() | FREE
    return standing + used + Cost(unpriced=(kind,) if unknown else ())


def table(stacks: template.Documents) -> str:
    """The estimate for people: a line for each stack that costs something, and what it leaves out."""
    costs = estimate(stacks)
    return "\n".join(_lines(costs, sum(costs.values(), Cost())))


def _lines(costs: dict[str, Cost], total: Cost) -> Iterator[str]:
    yield (
        f"A month before any use, in US dollars, fewest to most instances "
        f"({prices.REGION} list prices of {prices.AS_OF}; an estimate):"
    )
    shown = [(name, cost) for name, cost in costs.items() if cost.high]
    width = max(len(name) for name, _ in [*shown, ("total", total)])
    for name, cost in [*shown, ("total", total)]:
        yield f"  {name:<{width}}  {_range(cost)}"
    if total.usage_based:
        yield f"  billed by use besides: {', '.join(sorted(set(total.usage_based)))}"
    if total.unpriced:
        yield f"  not counted, for want of a price: {', '.join(sorted(set(total.unpriced)))}"


def _range(cost: Cost) -> str:
    low, high = f"{cost.low:8.2f}", f"{cost.high:8.2f}"
    return low if low == high else f"{low} to {high.strip()}"
