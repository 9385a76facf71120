"""The services' environment comes from the launch templates, or is created without Terraform."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import NoReturn

import pytest
from rich.console import Console

from constructs_lib.compute.user_data import UserData
from emulator import aws
from operations.local.deployment import (
    database_credentials,
    deploy_with_terraform,
    deploy_without_terraform,
    infrastructure_folder,
    read_launch_templates,
)
from services.environment import PortalEnvironment, WorkerEnvironment
from tests.unit.operations.local.test_local_overrides import PORTAL, WORKER
from workspace.cdktf import Tools
from workspace.errors import UserError


def launch_template(aws_port: int, name: str, variables: dict[str, str]) -> None:
    script = UserData(
        name=name,
        region="us-east-1",
        group_name="g",
        log_group="/g",
        bucket="b",
        release="0" * 64,
        parts=[],
        command="/bin/true",
        environment=variables,
    ).render()
    # Terraform replaces the escapes "$${" and "%%{".
    user_data = base64.b64encode(script.replace("$${", "${").replace("%%{", "%{").encode()).decode()
    aws.client("ec2", aws_port).create_launch_template(
        LaunchTemplateName=name, LaunchTemplateData={"UserData": user_data}
    )


def test_environment_is_read_from_the_launch_templates(aws_port: int) -> None:
    ec2 = aws.client("ec2", aws_port)
    with pytest.raises(UserError, match="No launch template has a complete PortalEnvironment or Worker"):
        read_launch_templates(ec2)
    launch_template(aws_port, "portal", PORTAL)
    with pytest.raises(UserError, match="a complete WorkerEnvironment"):
        read_launch_templates(ec2)
    launch_template(aws_port, "worker", WORKER)
    variables = read_launch_templates(ec2)
    assert (variables.portal, variables.worker) == (PORTAL, WORKER)


def test_environment_without_terraform_is_complete(aws_port: int) -> None:
    variables = deploy_without_terraform(aws_port, Console(file=io.StringIO()))
    portal = PortalEnvironment.from_variables(variables.portal)
    worker = WorkerEnvironment.from_variables(variables.worker)
    assert portal.media_bucket == worker.media_bucket
    aws.client("s3", aws_port).head_bucket(Bucket=portal.media_bucket)
    credentials = database_credentials(aws_port, portal.database_secret_arn)
    assert credentials.username == "anb"
    assert len(credentials.password) >= 24


def test_states_of_the_last_run_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The AWS emulator starts empty, so they describe nothing that exists."""
    state = infrastructure_folder(tmp_path) / "states/anb-local/network.tfstate"
    state.parent.mkdir(parents=True)
    state.write_text("{}")

    def no_tools() -> NoReturn:
        raise UserError("no Node")

    monkeypatch.setattr(Tools, "ensure", no_tools)
    with pytest.raises(UserError, match="no Node"):
        deploy_with_terraform(tmp_path, 1, Console(file=io.StringIO()))
    assert not state.exists()
