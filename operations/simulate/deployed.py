"""The workers as an environment would deploy them, read out of its synthesized Terraform."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from constructs_lib.foundation import template
from constructs_lib.foundation.errors import ConstructError
from constructs_lib.foundation.template import Resource
from constructs_lib.governance import cost, prices
from operations.simulate.scaling import Policy, StepUp, TargetTracking
from stacks.release_artifacts import sources
from stacks.settings.loader import ENVIRONMENT, SettingsError, load
from stacks.settings.model import Settings
from workspace import paths
from workspace.errors import UserError

_ABOVE = "GreaterThanThreshold"


@dataclass(frozen=True, kw_only=True)
class Price:
    """What an instance costs, in US dollars.

    Args:
        hour: one hour of it, with its disk and monitoring.
        baseline_vcpus: how much of its processors that holds; None where all of them.
        surplus_vcpu_hour: an hour of one processor beyond.
    """

    hour: float
    baseline_vcpus: float | None = None
    surplus_vcpu_hour: float = 0.0


@dataclass(frozen=True, kw_only=True)
class DeployedWorkers:
    """The workers of an environment.

    Args:
        environment: its name.
        instance_type: of its instances.
        minimum, maximum, at_first: how many instances.
        jobs_at_once: videos that one works at side by side.
        acceptable_wait: seconds that a video may wait before it is begun.
        policies: how their number changes.
        launch_timeout: seconds after which a new instance that has not reported is given up.
        terminate_timeout: seconds that a leaving instance is waited for.
        price: of an instance.
    """

    environment: str
    instance_type: str
    minimum: int
    maximum: int
    at_first: int
    jobs_at_once: int
    acceptable_wait: float
    policies: tuple[Policy, ...]
    launch_timeout: float
    terminate_timeout: float
    price: Price


def read(environment: str, variables: Mapping[str, str]) -> DeployedWorkers:
    """Synthesize an environment and read its workers. No release needs to be built for it.

    Args:
        environment: the name of a file in ``environments``, without ``.toml``.
        variables: usually ``os.environ``, whose ``ANB_<SETTING>`` come before what the file says.

    Raises:
        UserError: its settings cannot be used, contradict each other, or its instances have no price.
    """
    try:
        settings = load({**variables, ENVIRONMENT: environment}, paths.ROOT / "environments")
    except SettingsError as error:
        raise UserError(f"The settings of {environment} cannot be used:\n{error}") from None
    return from_documents(synthesize(settings), settings, environment=environment)


def synthesize(settings: Settings) -> template.Documents:
    """The stacks of some settings.

    Raises:
        UserError: the constructs refuse the settings.
    """
    # Node, which jsii starts here, would warn of its own old functions.
    os.environ.setdefault("NODE_NO_WARNINGS", "1")
    from constructs_lib.foundation import cdk
    from stacks.app import build

    with tempfile.TemporaryDirectory() as folder:
        app = cdk.App(outdir=folder)
        try:
            build(app, settings, sources())
            app.synth()
        except ConstructError as error:
            raise UserError(f"The stacks cannot be synthesized: {error}") from None
        return template.read(Path(folder))


def from_documents(documents: template.Documents, settings: Settings, *, environment: str) -> DeployedWorkers:
    """The workers of synthesized stacks.

    Args:
        documents: the stacks.
        settings: they were made of. Only what Terraform is not told is taken from them.
        environment: its name.

    Raises:
        UserError: the instances have no price.
    """
    resources = list(template.resources(documents["workers"]))
    (group,) = _of(resources, "aws_autoscaling_group")
    (launch_template,) = _of(resources, "aws_launch_template")
    hooks = {
        hook.properties["lifecycle_transition"]: hook.properties
        for hook in _of(resources, "aws_autoscaling_lifecycle_hook")
    }
    return DeployedWorkers(
        environment=environment,
        instance_type=launch_template.properties["instance_type"],
        minimum=group.properties["min_size"],
        maximum=group.properties["max_size"],
        at_first=group.properties["desired_capacity"],
        jobs_at_once=settings.worker_concurrency,
        acceptable_wait=settings.worker_acceptable_wait,
        policies=tuple(_policy(each, resources) for each in _of(resources, "aws_autoscaling_policy")),
        launch_timeout=hooks["autoscaling:EC2_INSTANCE_LAUNCHING"]["heartbeat_timeout"],
        terminate_timeout=hooks["autoscaling:EC2_INSTANCE_TERMINATING"]["heartbeat_timeout"],
        price=_price(launch_template),
    )


def _of(resources: list[Resource], kind: str) -> list[Resource]:
    return [each for each in resources if each.kind == kind]


def _policy(policy: Resource, resources: list[Resource]) -> Policy:
    if policy.properties["policy_type"] == "TargetTrackingScaling":
        return _tracking(policy)
    (alarm,) = [
        each
        for each in _of(resources, "aws_cloudwatch_metric_alarm")
        if f"${{{policy.address}.arn}}" in each.properties.get("alarm_actions", [])
    ]
    return _step(policy, alarm)


def _tracking(policy: Resource) -> TargetTracking:
    (tracking,) = policy.blocks("target_tracking_configuration")
    (asked,) = template.blocks(tracking, "customized_metric_specification")
    queries = template.blocks(asked, "metrics")
    return TargetTracking(
        expression=_result(queries),
        metrics={
            query["id"]: _asked(query["metric_stat"])["metric"]["metric_name"]
            for query in queries
            if not query["return_data"]
        },
        target=tracking["target_value"],
        warmup=policy.properties["estimated_instance_warmup"],
    )


def _step(policy: Resource, alarm: Resource) -> StepUp:
    queries = alarm.blocks("metric_query")
    (step,) = policy.blocks("step_adjustment")
    if alarm.properties["comparison_operator"] != _ABOVE or policy.properties["adjustment_type"] != "ChangeInCapacity":
        raise NotImplementedError(f"{policy.path} is no step upwards above a threshold")
    return StepUp(
        expression=_result(queries),
        metrics={query["id"]: _asked(query["metric"])["metric_name"] for query in queries if not query["return_data"]},
        threshold=alarm.properties["threshold"],
        periods=alarm.properties["evaluation_periods"],
        adds=step["scaling_adjustment"],
        warmup=policy.properties["estimated_instance_warmup"],
    )


def _result(queries: list[Mapping[str, Any]]) -> str:
    (expression,) = [query["expression"] for query in queries if query["return_data"]]
    return str(expression)


def _asked(query: Mapping[str, Any]) -> Mapping[str, Any]:
    if query["stat"] != "Average" or query.get("period", 60) != 60:
        raise NotImplementedError(f"points of SQS and Auto Scaling are averages of a minute, not {query}")
    return query


def _price(launch_template: Resource) -> Price:
    kind = launch_template.properties["instance_type"]
    month = cost.instance_cost(launch_template)
    if month.unpriced:
        known = ", ".join(prices.INSTANCE_HOUR)
        raise UserError(
            f"worker_instance_type is {kind!r}; allowed are those with a price: {known}. To mend it: add its price to "
            "constructs_lib/governance/prices.py"
        )
    hour = month.high / prices.HOURS
    if kind not in prices.BASELINE_VCPUS:
        return Price(hour=hour)
    surplus = prices.SURPLUS_VCPU_HOUR[kind.partition(".")[0]]
    return Price(hour=hour, baseline_vcpus=prices.BASELINE_VCPUS[kind], surplus_vcpu_hour=surplus)
