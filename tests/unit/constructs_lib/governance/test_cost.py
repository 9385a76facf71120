"""The cost estimate: what stands there a month, by stack, from the dated price table."""

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
from constructs_lib.governance.cost import FREE, PRICED, USAGE_BASED, Cost, estimate, table
from constructs_lib.testing import synth
from tests.unit.conftest import EMBEDDED
from tests.unit.constructs_lib import example_apps


def documents(**builders: Callable[[TerraformStack], object]) -> dict[str, dict[str, Any]]:
    return {name: synth(build).document for name, build in builders.items()}


def of(kind: str, properties: dict[str, Any]) -> Cost:
    """What a resource costs that stands alone."""
    return estimate({"shop": {"resource": {kind: {"it": properties}}}})["shop"]


def missing(stacks: dict[str, dict[str, Any]]) -> set[str]:
    """The types of resources that are in no list."""
    kinds = {resource.kind for document in stacks.values() for resource in resources(document)}
    assert kinds
    return kinds - PRICED.keys() - USAGE_BASED.keys() - FREE


def database(stack: TerraformStack, **changes: Any) -> None:
    usual = {"network": network(stack), "name": "shop", "database": "shop", "username": "keeper"}
    PostgresDatabase(stack, "database", **{**usual, **changes})


def one(build: Callable[[TerraformStack], object]) -> Cost:
    return estimate(documents(shop=build))["shop"]


@pytest.mark.parametrize(("nat", "gateways"), [("none", 0), ("single", 1), ("per_zone", 3)])
def test_each_nat_gateway_costs_its_hours_and_its_address(nat: Any, gateways: int) -> None:
    cost = one(lambda stack: Network(stack, "net", name="a", availability_zones=3, nat=nat))

    assert cost.low == cost.high == pytest.approx(gateways * (0.045 + 0.005) * 730)


def test_a_standby_doubles_the_database_and_its_disk() -> None:
    def cost(reason: str | None) -> float:
        made = {"instance_class": "db.t4g.micro", "storage_gib": 100, "single_zone_reason": reason}
        return one(lambda stack: database(stack, **made)).low

    assert cost(None) - cost("a test") == pytest.approx(0.016 * 730 + 100 * 0.115)


def test_interface_endpoints_cost_their_hours_in_each_zone() -> None:
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
def test_what_stands_there_costs_its_month(kind: str, properties: dict[str, Any], dollars: float) -> None:
    assert of(kind, properties).low == pytest.approx(dollars)


def test_a_group_costs_between_its_fewest_and_its_most_instances(software: pathlib.Path) -> None:
    with_group = estimate({"shop": queue_workers_template(software).document})["shop"]

    # Ten t3.small, each with 30 GiB and detailed monitoring.
    assert with_group.high - with_group.low == pytest.approx(10 * (0.0208 * 730 + 30 * 0.08 + 2.10))


def test_alarms_are_counted_by_the_metrics_they_watch() -> None:
    def cost(kind: str, properties: dict[str, Any]) -> float:
        return of(kind, properties).low

    query = {"metric": {"metric_name": "CPUUtilization"}}
    assert cost("aws_cloudwatch_metric_alarm", {"metric_name": "CPUUtilization"}) == pytest.approx(0.10)
    assert cost("aws_cloudwatch_metric_alarm", {"metric_query": [query, query, {"expression": "a/b"}]}) == 0.20
    # Target tracking keeps two alarms of its own.
    predefined = {"predefined_metric_specification": {"predefined_metric_type": "ASGAverageCPUUtilization"}}
    assert cost("aws_autoscaling_policy", {"target_tracking_configuration": predefined}) == pytest.approx(0.20)
    stat = {"stat": "Average"}
    custom = {
        "customized_metric_specification": {
            "metrics": [{"metric_stat": stat}, {"metric_stat": stat}, {"expression": "a/b"}]
        }
    }
    assert cost("aws_autoscaling_policy", {"target_tracking_configuration": custom}) == pytest.approx(0.40)


def test_a_queue_that_nobody_uses_costs_nothing_and_is_billed_by_use() -> None:
    cost = one(lambda stack: Queue(stack, "orders", name="orders", max_job=timedelta(minutes=1)))

    assert (cost.low, cost.high) == (0, 0)
    assert set(cost.usage_based) == {"requests to SQS"}


def test_what_is_billed_by_use_is_told() -> None:
    made = documents(shop=lambda stack: network(stack, flow_logs_off_reason=None))

    assert (
        "  billed by use besides: bytes through NAT gateways, bytes through interface endpoints, "
        "bytes to other zones and to the internet, flow logs taken in, logs taken in and kept"
    ) in table(made).splitlines()


def test_what_the_table_does_not_know_is_said() -> None:
    def build(stack: TerraformStack) -> None:
        database(stack, instance_class="db.x2g.16xlarge")

    assert one(build).unpriced == ("db.x2g.16xlarge",)
    assert "not counted, for want of a price: db.x2g.16xlarge" in table(documents(shop=build))


def test_a_type_in_no_list_is_said() -> None:
    assert of("aws_dynamodb_table", {}).unpriced == ("aws_dynamodb_table",)
    assert of("random_id", {}).unpriced == ()


def test_every_type_of_the_examples_is_in_a_list() -> None:
    made = {name: example_apps.example(name).document for name in example_apps.EXAMPLES}

    assert missing(made) == set()


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
def test_every_type_of_anb_is_in_a_list(settings: dict[str, Any], synthesize: Callable[..., Any]) -> None:
    assert missing({name: template.document for name, template in synthesize(**settings).items()}) == set()


def test_a_type_is_free_or_costs_something() -> None:
    assert FREE & (PRICED.keys() | USAGE_BASED.keys()) == set()


def test_the_table_sums_by_stack_and_says_what_it_is() -> None:
    lines = table(documents(one=network, nothing=lambda stack: None, two=network)).splitlines()

    assert re.search(rf"us-east-1 list prices of {prices.AS_OF}; an estimate", lines[0])
    assert [line.split() for line in lines[1:4]] == [["one", "36.50"], ["two", "36.50"], ["total", "73.00"]]


def test_the_price_table_is_dated_and_every_price_is_one() -> None:
    assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", prices.AS_OF)
    listed = [*prices.INSTANCE_HOUR.values(), *prices.DATABASE_HOUR.values()]
    assert all(0 < price < 1 for price in listed)
