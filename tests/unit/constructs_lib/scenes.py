"""Small stacks that several tests use."""

from __future__ import annotations

import pathlib
from datetime import timedelta
from typing import Any

from once import once

from constructs_lib import (
    Bucket,
    Capacity,
    InstanceOptions,
    Network,
    PublicLoadBalancer,
    Queue,
    QueueWorkers,
    Release,
    WebService,
)
from constructs_lib.foundation.cdk import Construct, TerraformStack
from constructs_lib.testing import Template, annotations_of, synth


def network(stack: TerraformStack, **changes: Any) -> Network:
    defaults = {"name": "shop", "flow_logs_off_reason": "a test"}
    return Network(stack, "network", **{**defaults, **changes})


def warnings(construct: Construct) -> list[str]:
    """Warnings of a construct and of the constructs in it."""
    return [annotation.message for annotation in annotations_of(construct, "warning")]


def program(stack: TerraformStack, software: pathlib.Path, **variables: str) -> dict[str, Any]:
    """Arguments for the software that the instances run."""
    release = Release(
        stack, "release", bucket=Bucket(stack, "software", name="shop-software"), parts={"shop": software}
    )
    return {
        "release": release,
        "command": "/usr/bin/python3 -m shop",
        "environment": {"COLOUR": "blue", **variables},
    }


def web_service(stack: TerraformStack, software: pathlib.Path, **changes: Any) -> WebService:
    net = network(stack)
    balancer = changes.pop("load_balancer", None) or PublicLoadBalancer(
        stack, "balancer", network=net, name="shop-alb", plain_http_reason="a test", access_logs_off_reason="a test"
    )
    arguments: dict[str, Any] = {
        "network": net,
        "load_balancer": balancer,
        "name": "shop-web",
        "group_name": "shop-web-asg",
        **program(stack, software, **changes.pop("variables", {})),
        "capacity": Capacity(1, 3, 2),
        "instances": InstanceOptions(instance_type="t3.small", tags={"Team": "shop"}),
    }
    return WebService(stack, "web", **{**arguments, **changes})


def queue_workers(stack: TerraformStack, software: pathlib.Path, **changes: Any) -> QueueWorkers:
    arguments: dict[str, Any] = {
        "network": changes.pop("network", None) or network(stack),
        "queue": Queue(stack, "orders", name="orders", max_job=timedelta(minutes=15)),
        "name": "shop-worker",
        "group_name": "shop-worker-asg",
        **program(stack, software),
        "capacity": Capacity(0, 10, 1),
        "seconds_per_job": 25,
        "acceptable_latency": timedelta(minutes=2),
    }
    return QueueWorkers(stack, "worker", **{**arguments, **changes})


@once
def web_service_template(software: pathlib.Path, **changes: Any) -> Template:
    return synth(lambda stack: web_service(stack, software, **changes))


@once
def queue_workers_template(software: pathlib.Path, **changes: Any) -> Template:
    return synth(lambda stack: queue_workers(stack, software, **changes))
