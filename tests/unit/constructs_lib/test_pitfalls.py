"""Known pitfalls: the app has none, and the checks detect each one that is injected."""

from __future__ import annotations

import copy
import json
import os
import pathlib
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from constructs_lib.foundation import cdk
from constructs_lib.testing import Template, synth_stacks
from stacks.app import build
from stacks.release_artifacts import sources
from stacks.settings.model import Settings
from tests.unit.constructs_lib import example_apps, pitfalls

Document = dict[str, Any]
Apps = dict[str, Document]


def documents(templates: Mapping[str, Template]) -> Apps:
    return {name: template.document for name, template in templates.items()}


@pytest.fixture(scope="module")
def apps(synthesize: Callable[..., dict[str, Template]]) -> Apps:
    """Every stack of the product, and the example of a whole app."""
    return documents({**synthesize(), "shop": example_apps.example("shop")})


def first(apps: Apps, kind: str) -> Document:
    """Return the arguments of the first resource of a type."""
    return next(iter(resource for app in apps.values() for resource in app.get("resource", {}).get(kind, {}).values()))


def tracking(apps: Apps) -> Document:
    """Return the first policy that tracks metric math."""
    for app in apps.values():
        for rule in app.get("resource", {}).get("aws_autoscaling_policy", {}).values():
            specification: Document | None = rule.get("target_tracking_configuration", {}).get(
                "customized_metric_specification"
            )
            if specification:
                return specification
    raise AssertionError("no policy tracks metric math")


def add(apps: Apps, kind: str, **resources: Document) -> None:
    apps["shop"].setdefault("resource", {}).setdefault(kind, {}).update(resources)


def two_schedules(apps: Apps, **second: object) -> None:
    sizes = {"min_size": -1, "max_size": -1, "desired_capacity": 0, "autoscaling_group_name": "shop"}
    add(apps, "aws_autoscaling_schedule", night=dict(sizes), morning={**sizes, **second})


def quotient(apps: Apps) -> Document:
    metric: Document = next(metric for metric in tracking(apps)["metrics"] if metric["return_data"])
    return metric


def queue_length(apps: Apps) -> Document:
    source: Document = next(
        metric["metric_stat"]["metric"]
        for metric in tracking(apps)["metrics"]
        if metric.get("metric_stat", {}).get("metric", {}).get("namespace") == "AWS/SQS"
    )
    return source


def remove_objects_from_policy(apps: Apps) -> None:
    policy = first(apps, "aws_s3_bucket_policy")
    policy["policy"] = policy["policy"].replace("/*", "")


def protect(apps: Apps, chosen: str) -> None:
    for group in groups(apps):
        group["protect_from_scale_in"] = True
    variables = first(apps, "aws_lambda_function")["environment"]["variables"]
    options = json.loads(variables["ROLLOUT"])
    options["preferences"]["ScaleInProtectedInstances"] = chosen
    variables["ROLLOUT"] = json.dumps(options)


INJECTED: list[tuple[Callable[[pitfalls.App], Any], str, Callable[[Apps], object]]] = [
    (
        pitfalls.stale_instances,
        r"launch template version \$Latest starts no rollout",
        lambda apps: first(apps, pitfalls.GROUP)["launch_template"].update(version="$Latest"),
    ),
    (
        pitfalls.stale_instances,
        "no rollout of a new launch template version",
        lambda apps: first(apps, "aws_lambda_invocation").update(input="{}"),
    ),
    (
        pitfalls.irreversible_rollouts,
        "instance_refresh saves the new version before the refresh",
        lambda apps: first(apps, pitfalls.GROUP).update(instance_refresh={"strategy": "Rolling"}),
    ),
    (
        pitfalls.irreversible_rollouts,
        "saves the new launch template version without a rollout",
        lambda apps: first(apps, pitfalls.GROUP).update(lifecycle={"ignore_changes": ["desired_capacity"]}),
    ),
    (
        pitfalls.reset_capacity,
        "each deployment resets desired_capacity",
        lambda apps: first(apps, pitfalls.GROUP).update(desired_capacity=2, lifecycle={}),
    ),
    (
        pitfalls.schedules,
        "night: max_size is omitted, which means 0",
        lambda apps: add(
            apps,
            "aws_autoscaling_schedule",
            night={"min_size": 0, "desired_capacity": 0, "autoscaling_group_name": "shop"},
        ),
    ),
    (pitfalls.schedules, "morning: created at the same time as night", two_schedules),
    (
        pitfalls.backlog,
        r"returns \['waiting', 'backlog'\]",
        lambda apps: tracking(apps)["metrics"][0].update(return_data=True),
    ),
    (pitfalls.backlog, r"returns \[\]", lambda apps: quotient(apps).update(return_data=False)),
    (pitfalls.backlog, "divides by zero", lambda apps: quotient(apps).update(expression="waiting / instances")),
    (
        pitfalls.backlog,
        r"dimensions are \['name'\], not QueueName",
        lambda apps: queue_length(apps).update(dimensions=[{"name": "name", "value": "jobs"}]),
    ),
    (
        pitfalls.backlog,
        "publishes no GroupInServiceInstances",
        lambda apps: [group.pop("enabled_metrics") for group in groups(apps)],
    ),
    (
        pitfalls.backlog,
        "no metrics each minute",
        lambda apps: [group.update(metrics_granularity="5Minute") for group in groups(apps)],
    ),
    (pitfalls.plain_http_to_objects, "denies plain HTTP for", remove_objects_from_policy),
    (
        pitfalls.untagged_volumes,
        r"tags \['instance'\], not instance and volume",
        lambda apps: first(apps, pitfalls.TEMPLATE).update(
            tag_specifications=[{"resource_type": "instance", "tags": {"Team": "shop"}}]
        ),
    ),
    *(
        (pitfalls.wedged_replacements, message, lambda apps, kind=kind, change=change: first(apps, kind).update(change))
        for kind in pitfalls.PREFIXED
        for change, message in (
            ({"name": "shop", "name_prefix": None}, "a fixed name collides"),
            ({"lifecycle": {}}, "destroyed before its replacement"),
        )
    ),
    (
        pitfalls.wedged_replacements,
        "prefix portal- is longer than 6",
        lambda apps: first(apps, "aws_lb_target_group").update(name_prefix="portal-"),
    ),
    (pitfalls.ignored_protection, "skipped \\(Ignore\\)", lambda apps: protect(apps, "Ignore")),
    (pitfalls.secrets_in_state, "random_password puts a secret", lambda apps: add(apps, "random_password", made={})),
    (
        pitfalls.secrets_in_state,
        "aws_db_instance puts password in the state",
        lambda apps: first(apps, "aws_db_instance").update(password="hunter2"),
    ),
    (
        pitfalls.secrets_in_state,
        "RDS does not manage the password",
        lambda apps: first(apps, "aws_db_instance").pop("manage_master_user_password"),
    ),
    (
        pitfalls.secrets_in_state,
        "data aws_secretsmanager_secret_version",
        lambda apps: apps["shop"].setdefault("data", {}).update(aws_secretsmanager_secret_version={"read": {}}),
    ),
    (
        pitfalls.visible_cross_stack_outputs,
        "cross-stack-output-.* is not sensitive",
        lambda apps: next(
            output.pop("sensitive")
            for output_name, output in apps["network"]["output"].items()
            if output_name.startswith("cross-stack-output-")
        ),
    ),
    (
        pitfalls.skipped_by_scanners,
        "checkov skips stacks",
        lambda apps: apps["shop"]["terraform"].update(required_version=">= 1.11"),
    ),
    (
        pitfalls.unresolved_references,
        r"TfToken\[TOKEN is unresolved",
        lambda apps: first(apps, "aws_s3_bucket").update(bucket="shop-${TfToken[TOKEN.12]}"),
    ),
]


def groups(apps: Apps) -> list[Document]:
    return [group for app in apps.values() for group in app.get("resource", {}).get(pitfalls.GROUP, {}).values()]


CHECKS = sorted({check for check, _, _ in INJECTED}, key=lambda check: check.__name__)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_app_has_no_pitfall(apps: Apps, check: Callable[[pitfalls.App], Any]) -> None:
    assert list(check(apps)) == []


@pytest.mark.parametrize(
    ("check", "message", "inject"), INJECTED, ids=[f"{check.__name__}-{message[:30]}" for check, message, _ in INJECTED]
)
def test_injected_pitfall_is_detected(
    apps: Apps, check: Callable[[pitfalls.App], Any], message: str, inject: Callable[[Apps], object]
) -> None:
    broken = copy.deepcopy(apps)
    inject(broken)

    problems = list(check(broken))

    assert re.search(message, "\n".join(problems))


def test_two_synths_are_equal(apps: Apps, software: pathlib.Path) -> None:
    settings = Settings.model_validate({"state_directory": "/states"})
    again = synth_stacks(build(cdk.Testing.app(), settings, sources(software)))

    assert documents({**again, "shop": example_apps.synthesize("shop")}) == apps


def test_ordered_schedules_are_no_pitfall(apps: Apps) -> None:
    correct = copy.deepcopy(apps)
    two_schedules(correct, depends_on=["aws_autoscaling_schedule.night"])

    assert list(pitfalls.schedules(correct)) == []


def test_consumer_adds_an_output_to_its_producer() -> None:
    """So the producer is deployed first and destroyed last, while nothing reads its output."""

    def synthesized(consumed: bool) -> dict[str, Document]:
        app = cdk.Testing.app()
        stacks = [cdk.TerraformStack(app, name) for name in ("producer", "consumer")]
        for stack in stacks:
            cdk.LocalBackend(stack, path=f"{stack.node.id}.tfstate")
            cdk.aws.provider.AwsProvider(stack, "aws", region="us-east-1")
        vpc = cdk.aws.vpc.Vpc(stacks[0], "vpc", cidr_block="10.0.0.0/16")
        if consumed:
            cdk.aws.security_group.SecurityGroup(stacks[1], "group", name_prefix="shop-", vpc_id=vpc.id)
        return {name: template.document for name, template in synth_stacks(stacks).items()}

    alone, together = synthesized(False), synthesized(True)
    (output,) = together["producer"]["output"].values()
    assert "output" not in alone["producer"]
    assert output == {"sensitive": True, "value": "${aws_vpc.vpc.id}"}
    assert "producer" in str(together["consumer"]["data"]["terraform_remote_state"])
    assert list(pitfalls.visible_cross_stack_outputs(together)) == []


IMPORTS = "import sys, constructs_lib; sys.exit(sorted({'jsii', 'cdktf', 'cdktn'} & {*sys.modules}) or 0)"


def test_import_loads_no_framework() -> None:
    assert subprocess.run([sys.executable, "-c", IMPORTS], check=False).returncode == 0
    with_seam = subprocess.run(
        [sys.executable, "-c", IMPORTS.replace("constructs_lib;", "constructs_lib.foundation.cdk;")],
        env=dict(os.environ),
        cwd=pathlib.Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "jsii" in with_seam.stderr
