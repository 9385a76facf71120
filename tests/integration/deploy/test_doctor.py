"""`anb doctor` for the shared deployment; `anb deploy` reports the same problems."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests
from operator_shell import Operator

from emulator import aws
from operations.doctor.command import PROVIDER_VERSION
from tests import doc_blocks, transcripts
from workspace.ports import free_port


def test_deployed_environment_has_no_problems(operator: Operator) -> None:
    (arguments,) = doc_blocks.anb("docs/deploy.md", "lane deploy: doctor")
    result = operator.run(*arguments)

    assert result.returncode == 0, result.stdout + result.stderr
    for subject in ("Python", "Node", "Terraform", "AWS provider", "Settings", "Credentials", "Region", "State"):
        assert f"✓ ok      {subject} " in result.stdout, subject
    assert "Stacks       8 synthesized, 8 deployed" in result.stdout
    assert "they cannot be simulated" in result.stdout, "the AWS emulator cannot"
    assert "Ready to deploy." in result.stdout
    transcripts.check("docs/deploy.md", "doctor", "./anb doctor --target local", result.stdout)


def test_policy_is_printed_for_the_environment(operator: Operator) -> None:
    (arguments,) = doc_blocks.anb("docs/deploy.md", "lane deploy: policy")
    result = operator.run(*arguments)

    policies = json.loads(result.stdout)
    assert result.returncode == 0, result.stderr
    assert list(policies) == [f"anb-local-deploy-{number}" for number in range(1, len(policies) + 1)]
    allowed = {each["Sid"]: each for policy in policies.values() for each in policy["Statement"]}
    assert allowed["Sqs"]["Resource"] == ["arn:aws:sqs:us-east-1:123456789012:anb-local-*"]


def test_checked_provider_version_is_that_of_the_stacks(operator: Operator) -> None:
    files = (operator.folder / "local").glob("endpoints/*/local/cdktf.out/stacks/*/cdk.tf.json")
    versions = {json.loads(file.read_text())["terraform"]["required_providers"]["aws"]["version"] for file in files}
    assert versions == {PROVIDER_VERSION}


@pytest.mark.parametrize("command", ["doctor", "deploy"])
def test_unreachable_aws(operator: Operator, command: str) -> None:
    result = operator.run(command, settings={"AWS_ENDPOINT_URL": aws.endpoint(free_port())})

    output = result.stdout + result.stderr
    assert result.returncode == 1
    assert "Credentials" in output and "they cannot be checked" in output and "Traceback" not in output


@pytest.mark.parametrize("command", ["doctor", "deploy"])
def test_rejected_credentials(operator: Operator, command: str) -> None:
    address = f"{aws.endpoint(operator.port)}/moto-api/reset-auth"
    before = requests.post(address, data=b"0", timeout=30).json()["PREVIOUS_INITIAL_NO_AUTH_ACTION_COUNT"]
    result = operator.run(command)
    requests.post(address, data=str(before).encode(), timeout=30)

    output = result.stdout + result.stderr
    assert result.returncode == 1
    assert "AWS rejects them (InvalidClientTokenId)" in output and "Run aws configure or aws sso login" in output


def path_without(operator: Operator, program: str, folder: Path) -> str:
    """Create a PATH with all programs except one."""
    for directory in reversed(operator.environment["PATH"].split(":")):
        for file in Path(directory).iterdir() if Path(directory).is_dir() else []:
            link = folder / file.name
            if file.name != program and not file.is_dir():
                link.unlink(missing_ok=True)
                link.symlink_to(file)
    return str(folder)


@pytest.mark.parametrize("command", ["doctor", "deploy"])
def test_without_terraform(operator: Operator, tmp_path: Path, command: str) -> None:
    unreachable_url = f"http://127.0.0.1:{free_port()}"
    variables = {"PATH": path_without(operator, "terraform", tmp_path), "ANB_TERRAFORM_MIRROR": unreachable_url}
    result = operator.run(command, settings=variables)

    output = result.stdout + result.stderr
    assert result.returncode == 1
    assert unreachable_url in output and "cannot be " in output
    assert "Install Terraform 1.11" in output and "Traceback" not in output


@pytest.mark.parametrize("command", ["doctor", "deploy"])
def test_without_the_provider(operator: Operator, tmp_path: Path, command: str) -> None:
    configuration = tmp_path / "mine.tfrc"
    configuration.write_text(f'provider_installation {{ filesystem_mirror {{ path = "{tmp_path}" }} }}\n')
    variables = {"TF_CLI_CONFIG_FILE": str(configuration), "ANB_LOCAL_DIR": str(tmp_path / "local")}
    result = operator.run(command, settings=variables)

    output = result.stdout + result.stderr
    assert result.returncode == 1
    assert "Terraform cannot get" in output and "Failed to query available provider packages" in output
    assert "Traceback" not in output
