"""Terraform rejects an image of another architecture and another partition, and installs a newer image."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from constructs_lib import Bucket, InstanceOptions, Network, Queue, QueueWorkers, Release, Stack
from constructs_lib.foundation import cdk
from emulator import aws
from workspace import aws_provider, paths
from workspace.cdktf import Tools
from workspace.ports import free_port

AMD64 = "ami-04681a1dbd79675a5"
PARAMETER = "/shop/image"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """An emulator of its own, because the tests leave resources."""
    port = free_port()
    server = aws.start(port, log=tmp_path_factory.mktemp("images") / "moto.log")
    yield port
    server.stop()


def synthesize(folder: Path, *, ami_id: str, instance_type: str) -> Path:
    """Synthesize workers with an image; return the folder of their stack."""
    (folder / "software").mkdir()
    (folder / "software/main.py").write_text("print('hello')\n")
    app = cdk.App(outdir=str(folder / "out"))
    stack = Stack(app, "shop", region="us-east-1")
    network = Network(stack, "network", flow_logs_off_reason="a test", nat="none", interface_endpoints=["sqs"])
    release = Release(
        stack, "release", bucket=Bucket(stack, "software", name="shop"), parts={"shop": folder / "software"}
    )
    QueueWorkers(
        stack,
        "workers",
        network=network,
        queue=Queue(stack, "jobs", max_job=timedelta(minutes=1)),
        release=release,
        command="/usr/bin/python3 -m shop",
        capacity=(0, 1),
        seconds_per_job=10,
        acceptable_latency=timedelta(minutes=2),
        instances=InstanceOptions(ami_id=ami_id, instance_type=instance_type),
    )
    app.synth()
    return folder / "out/stacks/shop"


def terraform(folder: Path, port: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Terraform against the emulator."""
    tools = Tools.ensure(cdktf_cli=False)
    variables = {
        **aws.without_aws(os.environ),
        **aws_provider.provider_variables(tools.provider, paths.CACHE_DIR / "terraform"),
        **aws.client_variables(port),
        "CHECKPOINT_DISABLE": "1",
    }
    command = [tools.terraform / "terraform", *arguments]
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=600, check=False)


def plan(folder: Path, port: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    assert terraform(folder, port, "init", "-input=false").returncode == 0
    return terraform(folder, port, "plan", "-input=false", "-no-color", *arguments)


def test_image_of_the_same_architecture_is_planned(tmp_path: Path, port: int) -> None:
    planned = plan(synthesize(tmp_path, ami_id=AMD64, instance_type="t3.small"), port)

    assert planned.returncode == 0, planned.stderr
    assert re.search(rf'image_id += "{AMD64}"', planned.stdout)


def test_image_of_another_architecture_fails_the_plan(tmp_path: Path, port: int) -> None:
    planned = plan(synthesize(tmp_path, ami_id=AMD64, instance_type="t4g.small"), port)

    assert planned.returncode == 1
    message = " ".join(planned.stderr.replace("│", " ").split())
    assert f"shop/workers: ami_id is {AMD64}, an image for x86_64; must be one for arm64" in message


def test_region_of_another_partition_fails_the_plan(tmp_path: Path, port: int) -> None:
    app = cdk.App(outdir=str(tmp_path / "out"))
    stack = cdk.TerraformStack(app, "shop")
    cdk.aws.provider.AwsProvider(stack, "aws", region="cn-north-1")
    Network(stack, "network", flow_logs_off_reason="a test", nat="single")
    app.synth()

    planned = plan(tmp_path / "out/stacks/shop", port)
    assert planned.returncode == 1
    message = " ".join(planned.stderr.replace("│", " ").split())
    assert "region is cn-north-1; must be a region of the partition aws, such as us-east-1" in message


def test_newer_image_changes_the_launch_template_and_then_the_group(tmp_path: Path, port: int) -> None:
    """The group refers to the template's version, so a deployment replaces its instances."""
    ssm, ec2 = aws.client("ssm", port), aws.client("ec2", port)
    older, newer = sorted(image["ImageId"] for image in ec2.describe_images()["Images"])[:2]
    ssm.put_parameter(Name=PARAMETER, Value=older, Type="String")
    folder = synthesize(tmp_path, ami_id=PARAMETER, instance_type="t3.small")
    document: dict[str, Any] = json.loads((folder / "cdk.tf.json").read_text())
    (template,) = (f"aws_launch_template.{name}" for name in document["resource"]["aws_launch_template"])
    assert terraform(folder, port, "init", "-input=false").returncode == 0
    applied = terraform(folder, port, "apply", "-input=false", "-auto-approve", f"-target={template}")
    assert applied.returncode == 0, applied.stderr

    unchanged = terraform(folder, port, "plan", "-input=false", "-no-color", f"-target={template}")
    ssm.put_parameter(Name=PARAMETER, Value=newer, Type="String", Overwrite=True)
    changed = terraform(folder, port, "plan", "-input=false", "-no-color", f"-target={template}")

    assert "No changes." in unchanged.stdout
    assert re.search(rf'image_id += "{older}" -> "{newer}"', changed.stdout)
    assert re.search(r"latest_version += 1 -> \(known after apply\)", changed.stdout)
