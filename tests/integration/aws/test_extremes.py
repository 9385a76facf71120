"""AWS accepts the extreme values of every setting, and of the numbers and names of constructs."""

from __future__ import annotations

import json
import typing
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import cloudformation
import pytest
from test_values import REGIONS, errors

from constructs_lib.foundation import names, template
from constructs_lib.foundation.errors import Checks
from stacks.settings.model import Settings
from stacks.settings.rules import RULES

AGENT = f"3.3.987.0:{'a' * 64}"

# Bounds of a setting that a rule between settings narrows, and texts.
LOWEST: dict[str, Any] = {
    "environment_name": "a",
    "profile": "development",
    "nat": "none",
    "interface_endpoints": ["autoscaling", "logs", "secretsmanager", "sqs"],
    "db_name": "d",
    "db_username": "u",
    "vpc_cidr": "10.0.0.0/24",
    "public_subnet_1_cidr": "10.0.0.0/28",
    "public_subnet_2_cidr": "10.0.0.16/28",
    "private_subnet_1_cidr": "10.0.0.32/28",
    "private_subnet_2_cidr": "10.0.0.48/28",
    "message_retention_period": 3600,
    "worker_acceptable_wait": 1,
    "max_job_seconds": 10,
    "waf_requests_per_5_minutes": 10,
    "db_max_connections": 47,
}
HIGHEST: dict[str, Any] = {
    "environment_name": "a" * 28,
    "nat": "per_zone",
    "interface_endpoints": ["autoscaling", "logs", "secretsmanager", "sqs", "ssm", "ssmmessages"],
    "session_manager_agent": AGENT,
    "state_backend": "s3",
    "state_bucket": "b" * 63,
    "db_name": "d" * 63,
    "db_username": "u" * 63,
    "vpc_cidr": "10.0.0.0/16",
    "video_storage_bucket_name": "v" * 63,
    "domain_name": f"{'d' * 52}.anb.example",
    "hosted_zone_id": "Z" * 32,
    "message_retention_period": 1123200,
    "max_receive_count": 26,
    "max_job_seconds": 43000,
    "worker_seconds_per_video": 43000,
    "alarm_email": f"{'e' * 52}@anb.example",
}


def extreme(pick: Callable[[list[Any]], Any], chosen: dict[str, Any]) -> Settings:
    """Return the settings with one bound of every number and list of values."""
    values: dict[str, Any] = {}
    for name, field in Settings.model_fields.items():
        bounds = [getattr(rule, bound) for rule in field.metadata for bound in ("ge", "le") if hasattr(rule, bound)]
        if bounds:
            values[name] = pick(bounds)
        elif typing.get_origin(field.annotation) is typing.Literal:
            values[name] = pick(list(typing.get_args(field.annotation)))
    values = {**values, "target": "aws", "state_backend": "local", **chosen}
    settings = Settings.model_validate(values)
    assert [violation for rule in RULES for violation in rule(settings)] == []
    return settings


@pytest.mark.parametrize(("pick", "chosen"), [(min, LOWEST), (max, HIGHEST)], ids=["lowest", "highest"])
def test_aws_accepts_the_extreme_settings(pick: Any, chosen: dict[str, Any], tmp_path: Path) -> None:
    from constructs_lib.foundation import cdk
    from stacks.app import build
    from stacks.release_artifacts import sources

    (tmp_path / "release").mkdir()
    (tmp_path / "release/main.py").write_text("print('hello')\n")
    app = cdk.App(outdir=str(tmp_path / "out"))
    first = pick is min
    build(app, extreme(lambda values: values[0] if first else values[-1], chosen), sources(tmp_path / "release"))
    app.synth()

    parts = translated(template.read(tmp_path / "out"))
    assert list(errors(parts, REGIONS if first else ["us-east-1"])) == [], "types of the highest are in few regions"


def translated(stacks: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the different resources of stacks in CloudFormation's form."""
    found = {}
    for resource in cloudformation.resources(stacks):
        if resource.kind in cloudformation.KINDS:
            found[json.dumps(cloudformation.translate(resource), sort_keys=True)] = resource
    return {
        f"{resource.path} ({resource.kind}) {number}": cloudformation.translate(resource)
        for number, resource in enumerate(found.values())
    }


@pytest.mark.parametrize(("at", "length"), [("shortest", 1), ("longest", 1000)])
def test_aws_accepts_the_extreme_options(at: str, length: int, tmp_path: Path) -> None:
    """Names as long as the library accepts, and each number at a bound."""
    from constructs_lib import (
        AlarmTopic,
        Bucket,
        Capacity,
        GeneratedSecret,
        InstanceOptions,
        LifecycleRule,
        Network,
        PostgresDatabase,
        PublicLoadBalancer,
        Queue,
        QueueWorkers,
        Release,
        SecurityGroup,
        Stack,
        WebFirewall,
        WebService,
    )
    from constructs_lib.foundation import cdk

    low = at == "shortest"

    def name(choose: Callable[[Checks, str | None], str], text: str = "n") -> str:
        """Return the longest name that the library accepts, or the shortest."""
        for size in range(length, 0, -1):
            try:
                return choose(Checks(None, "it"), text * size)
            except ValueError:
                continue
        raise AssertionError(choose)

    (tmp_path / "release").mkdir()
    (tmp_path / "release/main.py").write_text("print('hello')\n")
    app = cdk.App(outdir=str(tmp_path / "out"))
    stack = Stack(app, "extremes", region="us-east-1")
    network = Network(
        stack,
        "network",
        name=name(names.network),
        availability_zones=2 if low else 4,
        cidr="10.0.0.0/24" if low else "10.0.0.0/16",
        flow_log_days=1 if low else 3653,
    )
    SecurityGroup(
        stack, "group", vpc_id=network.vpc_id, description="d" * (1 if low else 255), name=name(names.security_group)
    )
    topic = AlarmTopic(stack, "topic", name=name(names.topic), key_recovery_days=7 if low else 30)
    bucket = Bucket(
        stack,
        "bucket",
        name="bbb" if low else name(names.bucket),
        lifecycle=[LifecycleRule(name="r", prefix="p/", expire_after_days=1 if low else 3650)],
        old_versions_days=1 if low else 3650,
    )
    balancer = PublicLoadBalancer(
        stack,
        "balancer",
        network=network,
        name=name(names.load_balancer),
        plain_http_reason="a test",
        access_logs_off_reason="a test",
        idle_timeout=timedelta(seconds=1 if low else 4000),
    )
    WebFirewall(
        stack,
        "firewall",
        load_balancer=balancer,
        name=name(names.firewall),
        requests_per_5_minutes=10 if low else 2_000_000_000,
        log_days=1 if low else 3653,
    )
    PostgresDatabase(
        stack,
        "database",
        network=network,
        name=name(names.database_instance),
        database="d" * (1 if low else 63),
        username="u" * (1 if low else 63),
        version=14 if low else 18,
        storage_gib=20 if low else 65536,
        backup_days=7 if low else 35,
        log_days=1 if low else 3653,
        max_connections=6 if low else 262143,
    )
    GeneratedSecret(stack, "secret", name=name(names.secret), description="d", recovery_days=7 if low else 30)
    hours = timedelta(hours=11)
    queue = Queue(stack, "queue", name=name(names.queue), max_job=timedelta(seconds=1) if low else hours)
    instances = InstanceOptions(disk_gib=8 if low else 16384, log_days=1 if low else 3653)
    release = Release(stack, "release", bucket=bucket, parts={"code": tmp_path / "release"})
    program: dict[str, Any] = {
        "network": network,
        "release": release,
        "command": "/usr/bin/python3 -m it",
        "instances": instances,
        "capacity": Capacity(0, 1, 0) if low else Capacity(1000, 1000, 1000),
        "startup_timeout": timedelta(seconds=30 if low else 3600),
    }
    group = name(names.instance_group)
    WebService(
        stack,
        "web",
        load_balancer=balancer,
        name=group,
        group_name=name(names.group),
        port=1024 if low else 65535,
        cpu_target=10 if low else 90,
        request_timeout=timedelta(seconds=1 if low else 3600),
        keep_alive=timedelta(seconds=2 if low else 86400),
        **program,
    )
    QueueWorkers(
        stack,
        "workers",
        queue=queue,
        name=f"w{group[1:]}",
        seconds_per_job=1,
        acceptable_latency=timedelta(minutes=2),
        **program,
    )
    assert topic.arn
    app.synth()

    assert list(errors(translated(template.read(tmp_path / "out")), ["us-east-1"])) == []
