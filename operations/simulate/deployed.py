"""Read the workers of an environment from its synthesized Terraform."""

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
    """Price of an instance in US dollars.

    Args:
        hour: Price per hour, with disk and monitoring.
        baseline_vcpus: Number of vCPUs included in the price; None for all.
        surplus_vcpu_hour: Price of a vCPU hour above the baseline.
    """

    hour: float
    baseline_vcpus: float | None = None
    surplus_vcpu_hour: float = 0.0


@dataclass(frozen=True, kw_only=True)
class DeployedWorkers:
    """The workers of an environment.

    Args:
        environment: Name of the environment.
        instance_type: Instance type.
        minimum, maximum, initial_capacity: Minimum, maximum and initial number of instances.
        concurrency: Videos that an instance processes in parallel.
        acceptable_wait: Acceptable waiting time of a video, in seconds.
        policies: Scaling policies.
        launch_timeout: Timeout of the launching hook, in seconds.
        terminate_timeout: Timeout of the terminating hook, in seconds.
        price: Price of an instance.
    """

    environment: str
    instance_type: str
    minimum: int
    maximum: int
    initial_capacity: int
    concurrency: int
    acceptable_wait: float
    policies: tuple[Policy, ...]
    launch_timeout: float
    terminate_timeout: float
    price: Price


def read(environment: str, variables: Mapping[str, str]) -> DeployedWorkers:
    """Synthesize an environment, without a built release, and read its workers.

    Args:
        environment: Name of a file in ``environments``, without ``.toml``.
        variables: Environment variables; ``ANB_<SETTING>`` overrides the file.

    Raises:
        UserError: The settings are invalid, or the instance type has no price.
    """
    try:
        settings = load({**variables, ENVIRONMENT: environment}, paths.ROOT / "environments")
    except SettingsError as error:
        raise UserError(f"The settings of {environment} cannot be used:\n{error}") from None
    return from_documents(synthesize(settings), settings, environment=environment)


def synthesize(settings: Settings) -> template.Documents:
    """Synthesize the stacks.

    Raises:
        UserError: A construct rejects the settings.
    """
    # Silence Node's deprecation warnings; jsii starts Node here.
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
    """Read the workers from synthesized stacks.

    Args:
        documents: The synthesized stacks.
        settings: Their settings, for values that Terraform does not hold.
        environment: Name of the environment.

    Raises:
        UserError: The instance type has no price.
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
        initial_capacity=group.properties["desired_capacity"],
        concurrency=settings.worker_concurrency,
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
    (specification,) = template.blocks(tracking, "customized_metric_specification")
    queries = template.blocks(specification, "metrics")
    return TargetTracking(
        expression=_result(queries),
        metrics={
            query["id"]: _metric(query["metric_stat"])["metric"]["metric_name"]
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
        raise NotImplementedError(f"{policy.path} is not a step-up policy above a threshold")
    return StepUp(
        expression=_result(queries),
        metrics={query["id"]: _metric(query["metric"])["metric_name"] for query in queries if not query["return_data"]},
        threshold=alarm.properties["threshold"],
        periods=alarm.properties["evaluation_periods"],
        adds=step["scaling_adjustment"],
        warmup=policy.properties["estimated_instance_warmup"],
    )


def _result(queries: list[Mapping[str, Any]]) -> str:
    (expression,) = [query["expression"] for query in queries if query["return_data"]]
    return str(expression)


def _metric(query: Mapping[str, Any]) -> Mapping[str, Any]:
    if query["stat"] != "Average" or query.get("period", 60) != 60:
        raise NotImplementedError(f"metrics must be one-minute averages, not {query}")
    return query


def _price(launch_template: Resource) -> Price:
    kind = launch_template.properties["instance_type"]
    month = cost.instance_cost(launch_template)
    if month.unpriced:
        known = ", ".join(prices.INSTANCE_HOUR)
        raise UserError(
            f"worker_instance_type is {kind!r}; must be a type with a known price: {known}. Fix: add its price to "
            "constructs_lib/governance/prices.py."
        )
    hour = month.high / prices.HOURS
    if kind not in prices.BASELINE_VCPUS:
        return Price(hour=hour)
    surplus = prices.SURPLUS_VCPU_HOUR[kind.partition(".")[0]]
    return Price(hour=hour, baseline_vcpus=prices.BASELINE_VCPUS[kind], surplus_vcpu_hour=surplus)
