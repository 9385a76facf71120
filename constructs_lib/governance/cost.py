"""Estimate the monthly cost of the synthesized stacks without usage.

The estimate covers fixed charges: instances, gateways, disks, alarms. Usage-based charges, such as requests and data
sent and stored, are listed without an amount. Prices: ``constructs_lib/governance/prices.py``.

Every resource type has a price, usage-based charges, both, or is free; a type in none of the lists is reported as not
priced.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from constructs_lib.foundation import template
from constructs_lib.foundation.template import Resource
from constructs_lib.governance import prices


@dataclasses.dataclass(frozen=True)
class Cost:
    """Monthly cost of a resource or a stack, in US dollars.

    Args:
        low: cost at the groups' minimum capacity.
        high: cost at the groups' maximum capacity.
        unpriced: types without a price.
        usage_based: additional usage-based charges.
        burst: CPU credits, at most: every burstable instance and database at full load all month, at the groups'
            maximum capacity.
    """

    low: float = 0.0
    high: float = 0.0
    unpriced: tuple[str, ...] = ()
    usage_based: tuple[str, ...] = ()
    burst: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.low + other.low,
            self.high + other.high,
            self.unpriced + other.unpriced,
            self.usage_based + other.usage_based,
            self.burst + other.burst,
        )


def _monthly(dollars: float) -> Cost:
    return Cost(dollars, dollars)


def _hourly(dollars: float) -> Cost:
    return _monthly(dollars * prices.HOURS)


def _database(resource: Resource, _: list[Resource]) -> Cost:
    kind = resource.properties["instance_class"]
    zones = 2 if resource.properties.get("multi_az") else 1
    storage = _monthly(resource.properties.get("allocated_storage", 0) * prices.DATABASE_GIB * zones)
    secret = _monthly(prices.SECRET if resource.properties.get("manage_master_user_password") else 0)
    if kind not in prices.DATABASE_HOUR:
        return storage + secret + Cost(unpriced=(kind,))
    burst = _full_load(kind.removeprefix("db."), prices.DATABASE_SURPLUS_VCPU_HOUR)
    return _hourly(prices.DATABASE_HOUR[kind] * zones) + storage + secret + Cost(burst=burst)


def _group(resource: Resource, siblings: list[Resource]) -> Cost:
    reference = next(iter(resource.blocks("launch_template")), {}).get("id", "")
    launch_template = next((each for each in siblings if f"{each.address}.id" in reference), None)
    if launch_template is None:
        return Cost(unpriced=(f"the instances of {resource.path}",))
    one = instance_cost(launch_template)
    properties = resource.properties
    maximum = properties["max_size"]
    return Cost(one.high * properties["min_size"], one.high * maximum, one.unpriced, burst=one.burst * maximum)


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
    return _monthly(prices.ALARM_METRIC * metrics)


def _scaling(resource: Resource, _: list[Resource]) -> Cost:
    # Target tracking creates two alarms, one for each direction.
    metrics = 0
    for tracking in resource.blocks("target_tracking_configuration"):
        queries = [
            query
            for custom in template.blocks(tracking, "customized_metric_specification")
            for query in template.blocks(custom, "metrics")
        ]
        metrics += sum(1 for query in queries if query.get("metric_stat")) or 1
    return _monthly(2 * metrics * prices.ALARM_METRIC)


def _web_acl(resource: Resource, _: list[Resource]) -> Cost:
    return _monthly(prices.WEB_ACL + prices.WEB_ACL_RULE * len(resource.blocks("rule")))


PRICED: dict[str, Callable[[Resource, list[Resource]], Cost]] = {
    "aws_autoscaling_group": _group,
    "aws_autoscaling_policy": _scaling,
    "aws_cloudwatch_composite_alarm": lambda *_: _monthly(prices.COMPOSITE_ALARM),
    "aws_cloudwatch_dashboard": lambda *_: _monthly(prices.DASHBOARD),
    "aws_cloudwatch_metric_alarm": _alarm,
    "aws_db_instance": _database,
    "aws_eip": lambda *_: _hourly(prices.PUBLIC_ADDRESS_HOUR),
    "aws_kms_key": lambda *_: _monthly(prices.KEY),
    "aws_lb": _load_balancer,
    "aws_nat_gateway": lambda *_: _hourly(prices.NAT_GATEWAY_HOUR),
    "aws_route53_zone": lambda *_: _monthly(prices.HOSTED_ZONE),
    "aws_secretsmanager_secret": lambda *_: _monthly(prices.SECRET),
    "aws_vpc_endpoint": _endpoint,
    "aws_wafv2_web_acl": _web_acl,
}
"""Fixed cost of a resource, given the other resources of its stack."""

USAGE_BASED = {
    "aws_cloudwatch_log_group": "log ingestion and storage",
    "aws_cloudwatch_query_definition": "logs scanned by queries",
    "aws_db_instance": "backups beyond the database's size",
    "aws_flow_log": "flow log ingestion",
    "aws_kms_key": "requests to KMS",
    "aws_lambda_function": "requests to Lambda and their duration",
    "aws_lb": f"load balancer capacity units (${prices.LOAD_BALANCER_UNIT_HOUR} per hour each)",
    "aws_nat_gateway": "data through NAT gateways",
    "aws_route53_zone": "DNS queries",
    "aws_s3_bucket": "S3 storage and requests",
    "aws_s3_object": "S3 storage and requests",
    "aws_secretsmanager_secret": "requests to Secrets Manager",
    "aws_sns_topic": "notifications to subscribers",
    "aws_sqs_queue": "requests to SQS",
    "aws_vpc": "data transfer to other zones and to the internet",
    "aws_vpc_endpoint": "data through interface endpoints",
    "aws_wafv2_web_acl": "requests inspected by WAF",
}
"""Usage-based charges of a resource."""

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
    "aws_lambda_invocation",
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
"""Resources without a charge."""


def estimate(stacks: template.Documents) -> dict[str, Cost]:
    """Estimate the monthly cost of each stack, by name."""
    costs = {}
    for name, document in stacks.items():
        resources = list(template.resources(document))
        costs[name] = sum((_resource_cost(resource, resources) for resource in resources), Cost())
    return costs


def instance_cost(launch_template: Resource) -> Cost:
    """Estimate the monthly cost of one instance of a launch template, with its disks and monitoring.

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
    dollars = prices.INSTANCE_HOUR[kind] * prices.HOURS + disks * prices.DISK_GIB
    burst = _full_load(kind, prices.SURPLUS_VCPU_HOUR.get(kind.partition(".")[0], 0))
    return _monthly(dollars + (prices.DETAILED_MONITORING if monitored else 0)) + Cost(burst=burst)


def _full_load(kind: str, surplus_vcpu_hour: float) -> float:
    """Return the monthly price of the CPU credits of a type at full load; 0 if it is not burstable."""
    baseline = prices.BASELINE_VCPUS.get(kind, prices.VCPUS)
    return (prices.VCPUS - baseline) * surplus_vcpu_hour * prices.HOURS


def _resource_cost(resource: Resource, siblings: list[Resource]) -> Cost:
    kind = resource.kind
    fixed = PRICED[kind](resource, siblings) if kind in PRICED else Cost()
    usage = Cost(usage_based=(USAGE_BASED[kind],)) if kind in USAGE_BASED else Cost()
    unknown = kind.startswith("aws_") and kind not in PRICED.keys() | USAGE_BASED.keys() | FREE
    return fixed + usage + Cost(unpriced=(kind,) if unknown else ())


def render_table(stacks: template.Documents, *, custom_metrics: int = 0) -> str:
    """Render the estimate: a line for each stack with costs, and what is not included.

    Args:
        stacks: synthesized stacks by name.
        custom_metrics: CloudWatch metrics that the programs write, which no resource shows. Default: 0.
    """
    costs = estimate(stacks)
    return "\n".join(_lines(costs, sum(costs.values(), Cost()), custom_metrics))


def _lines(costs: dict[str, Cost], total: Cost, custom_metrics: int) -> Iterator[str]:
    yield (
        f"Estimated monthly cost without usage, in US dollars, from minimum to maximum capacity "
        f"({prices.REGION} list prices of {prices.AS_OF}):"
    )
    rows = [(name, cost) for name, cost in costs.items() if cost.high]
    width = max(len(name) for name, _ in [*rows, ("total", total)])
    for name, cost in [*rows, ("total", total)]:
        yield f"  {name:<{width}}  {_range(cost)}"
    if custom_metrics:
        metrics = custom_metrics * prices.CUSTOM_METRIC
        yield f"  custom metrics of the programs, not included: {metrics:.2f} for {custom_metrics}"
    if total.burst:
        yield (
            f"  CPU credits, not included: 0.00 at or below the baseline to {total.burst:.2f} at full load all month, "
            "at maximum capacity"
        )
    if total.usage_based:
        yield f"  usage-based charges, not included: {', '.join(sorted(set(total.usage_based)))}"
    if total.unpriced:
        yield f"  not priced: {', '.join(sorted(set(total.unpriced)))}"


def _range(cost: Cost) -> str:
    low, high = f"{cost.low:8.2f}", f"{cost.high:8.2f}"
    return low if low == high else f"{low} to {high.strip()}"
