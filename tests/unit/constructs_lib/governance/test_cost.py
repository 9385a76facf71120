"""Cost estimate: fixed monthly costs by stack, from the dated price table."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from scenes import network, queue_workers_template

from constructs_lib import Network, PostgresDatabase, Queue
from constructs_lib.foundation.cdk import TerraformStack
from constructs_lib.foundation.template import resources
from constructs_lib.governance import prices
from constructs_lib.governance.cost import FREE, PRICED, USAGE_BASED, Cost, estimate, render_table
from constructs_lib.testing import synth
from tests.unit.conftest import EMBEDDED
from tests.unit.constructs_lib import example_apps


def documents(**builders: Callable[[TerraformStack], object]) -> dict[str, dict[str, Any]]:
    return {name: synth(build).document for name, build in builders.items()}


def of(kind: str, properties: dict[str, Any]) -> Cost:
    """Estimate the cost of a single resource."""
    return estimate({"shop": {"resource": {kind: {"it": properties}}}})["shop"]


def missing(stacks: dict[str, dict[str, Any]]) -> set[str]:
    """Return the resource types that are in no list."""
    kinds = {resource.kind for document in stacks.values() for resource in resources(document)}
    assert kinds
    return kinds - PRICED.keys() - USAGE_BASED.keys() - FREE


def database(stack: TerraformStack, **changes: Any) -> None:
    defaults = {"network": network(stack), "name": "shop", "database": "shop", "username": "keeper"}
    PostgresDatabase(stack, "database", **{**defaults, **changes})


def one(build: Callable[[TerraformStack], object]) -> Cost:
    return estimate(documents(shop=build))["shop"]


@pytest.mark.parametrize(("nat", "gateways"), [("none", 0), ("single", 1), ("per_zone", 3)])
def test_nat_gateway_costs_hours_and_address(nat: Any, gateways: int) -> None:
    cost = one(lambda stack: Network(stack, "net", name="a", availability_zones=3, nat=nat))

    assert cost.low == cost.high == pytest.approx(gateways * (0.045 + 0.005) * 730)


def test_standby_doubles_database_and_disk() -> None:
    def cost(reason: str | None) -> float:
        options = {"instance_class": "db.t4g.micro", "storage_gib": 100, "single_zone_reason": reason}
        return one(lambda stack: database(stack, **options)).low

    assert cost(None) - cost("a test") == pytest.approx(0.016 * 730 + 100 * 0.115)


def test_interface_endpoint_costs_hours_per_zone() -> None:
    def cost(services: list[str]) -> float:
        return one(lambda stack: network(stack, availability_zones=3, interface_endpoints=services)).low

    assert cost(["sqs", "ssm"]) - cost([]) == pytest.approx(2 * 3 * 0.01 * 730)


@pytest.mark.parametrize(
    ("kind", "properties", "dollars"),
    [
        ("aws_kms_key", {}, 1.00),
        ("aws_cloudwatch_dashboard", {}, 3.00),
        ("aws_cloudwatch_composite_alarm", {}, 0.50),
        ("aws_secretsmanager_secret", {}, 0.40),
        ("aws_wafv2_web_acl", {"rule": [{}, {}]}, 5.00 + 2 * 1.00),
        ("aws_lb", {"subnets": ["a", "b"]}, (0.0225 + 2 * 0.005) * 730),
        ("aws_vpc_endpoint", {"vpc_endpoint_type": "Gateway"}, 0),
    ],
)
def test_fixed_monthly_cost(kind: str, properties: dict[str, Any], dollars: float) -> None:
    assert of(kind, properties).low == pytest.approx(dollars)


def test_group_costs_from_minimum_to_maximum_capacity(software: pathlib.Path) -> None:
    with_group = estimate({"shop": queue_workers_template(software).document})["shop"]

    # Ten t3.small, each with 30 GiB and detailed monitoring.
    assert with_group.high - with_group.low == pytest.approx(10 * (0.0208 * 730 + 30 * 0.08 + 2.10))


def test_burst_credits_are_a_range_up_to_full_load(software: pathlib.Path) -> None:
    template = queue_workers_template(software)
    group = estimate({"shop": template.document})["shop"]
    maximum = template.one("aws_autoscaling_group")["max_size"]

    # A t3.small has two vCPUs, of which its price includes 0.4.
    assert group.burst == pytest.approx(maximum * (2 - 0.4) * 0.05 * 730)
    burst = (2 - 0.2) * 0.075 * 730
    assert of("aws_db_instance", {"instance_class": "db.t4g.micro"}).burst == pytest.approx(burst)
    assert f"CPU credits, not included: 0.00 at or below the baseline to {group.burst:.2f} at full load" in (
        render_table({"shop": template.document})
    )


def test_instances_without_burst_credits_have_no_range() -> None:
    template = {"resource": {"aws_launch_template": {"it": {"instance_type": "m5.large"}}}}
    assert estimate({"shop": template})["shop"].burst == 0
    assert "CPU credits" not in render_table({"shop": template})


def test_custom_metrics_are_named_with_their_cost() -> None:
    assert "custom metrics of the programs, not included: 7.80 for 26" in render_table({}, custom_metrics=26)


def test_alarm_costs_per_metric() -> None:
    def cost(kind: str, properties: dict[str, Any]) -> float:
        return of(kind, properties).low

    query = {"metric": {"metric_name": "CPUUtilization"}}
    assert cost("aws_cloudwatch_metric_alarm", {"metric_name": "CPUUtilization"}) == pytest.approx(0.10)
    assert cost("aws_cloudwatch_metric_alarm", {"metric_query": [query, query, {"expression": "a/b"}]}) == 0.20
    # Target tracking creates two alarms.
    predefined = {"predefined_metric_specification": {"predefined_metric_type": "ASGAverageCPUUtilization"}}
    assert cost("aws_autoscaling_policy", {"target_tracking_configuration": predefined}) == pytest.approx(0.20)
    stat = {"stat": "Average"}
    custom = {
        "customized_metric_specification": {
            "metrics": [{"metric_stat": stat}, {"metric_stat": stat}, {"expression": "a/b"}]
        }
    }
    assert cost("aws_autoscaling_policy", {"target_tracking_configuration": custom}) == pytest.approx(0.40)


def test_queue_has_only_usage_based_charges() -> None:
    cost = one(lambda stack: Queue(stack, "orders", name="orders", max_job=timedelta(minutes=1)))

    assert (cost.low, cost.high) == (0, 0)
    assert set(cost.usage_based) == {"requests to SQS"}


def test_table_lists_usage_based_charges() -> None:
    stacks = documents(shop=lambda stack: network(stack, flow_logs_off_reason=None))

    assert (
        "  usage-based charges, not included: data through NAT gateways, data through interface endpoints, "
        "data transfer to other zones and to the internet, flow log ingestion, log ingestion and storage"
    ) in render_table(stacks).splitlines()


def test_unknown_instance_class_is_not_priced() -> None:
    def build(stack: TerraformStack) -> None:
        database(stack, instance_class="db.x2g.16xlarge")

    assert one(build).unpriced == ("db.x2g.16xlarge",)
    assert "not priced: db.x2g.16xlarge" in render_table(documents(shop=build))


def test_unknown_aws_type_is_not_priced() -> None:
    assert of("aws_dynamodb_table", {}).unpriced == ("aws_dynamodb_table",)
    assert of("random_id", {}).unpriced == ()


def test_lists_have_every_type_of_the_examples() -> None:
    stacks = {name: example_apps.example(name).document for name in example_apps.EXAMPLES}

    assert missing(stacks) == set()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        EMBEDDED,
        {
            "domain_name": "anb.example",
            "hosted_zone_id": "Z0123456789",
            "waf_requests_per_5_minutes": 2000,
            "alarm_email": "duty@anb.example",
            "interface_endpoints": ["sqs"],
        },
    ],
)
def test_lists_have_every_type_of_anb(settings: dict[str, Any], synthesize: Callable[..., Any]) -> None:
    assert missing({name: template.document for name, template in synthesize(**settings).items()}) == set()


def test_free_types_have_no_price() -> None:
    assert FREE & (PRICED.keys() | USAGE_BASED.keys()) == set()


def test_table_sums_by_stack() -> None:
    lines = render_table(documents(one=network, nothing=lambda stack: None, two=network)).splitlines()

    assert re.search(rf"us-east-1 list prices of {prices.AS_OF}", lines[0])
    assert [line.split() for line in lines[1:4]] == [["one", "36.50"], ["two", "36.50"], ["total", "73.00"]]


def test_price_table_has_date_and_valid_prices() -> None:
    assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", prices.AS_OF)
    listed = [*prices.INSTANCE_HOUR.values(), *prices.DATABASE_HOUR.values()]
    assert all(0 < price < 1 for price in listed)
