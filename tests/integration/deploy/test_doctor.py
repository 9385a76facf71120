"""The doctor at the deployment of these tests, and what deploy says of the same troubles."""

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


def test_what_is_deployed_is_ready_to_be_deployed(operator: Operator) -> None:
    (words,) = doc_blocks.anb("docs/deploy.md", "lane deploy: doctor")
    found = operator.run(*words)

    assert found.returncode == 0, found.stdout + found.stderr
    for about in ("Python", "Node", "Terraform", "AWS provider", "Settings", "Credentials", "Region", "State"):
        assert f"✓ ok      {about} " in found.stdout, about
    assert "Stacks       8 synthesized, 8 of them stand" in found.stdout
    assert "they cannot be simulated" in found.stdout, "the embedded AWS cannot"
    assert "Ready to deploy." in found.stdout
    transcripts.check("docs/deploy.md", "doctor", "./anb doctor --target local", found.stdout)


def test_the_provider_it_looks_for_is_the_one_the_stacks_ask_for(operator: Operator) -> None:
    documents = (operator.folder / "local").glob("endpoints/*/local/cdktf.out/stacks/*/cdk.tf.json")
    wanted = {json.loads(each.read_text())["terraform"]["required_providers"]["aws"]["version"] for each in documents}
    assert wanted == {PROVIDER_VERSION}


@pytest.mark.parametrize("command", ["doctor", "deploy"])
def test_an_aws_that_does_not_answer(operator: Operator, command: str) -> None:
    found = operator.run(command, settings={"AWS_ENDPOINT_URL": aws.endpoint(free_port())})

    said = found.stdout + found.stderr
    assert found.returncode == 1
    assert "Credentials" in said and "they cannot be tried" in said and "Traceback" not in said


@pytest.mark.parametrize("command", ["doctor", "deploy"])
def test_credentials_that_aws_refuses(operator: Operator, command: str) -> None:
    address = f"{aws.endpoint(operator.port)}/moto-api/reset-auth"
    before = requests.post(address, data=b"0", timeout=30).json()["PREVIOUS_INITIAL_NO_AUTH_ACTION_COUNT"]
    found = operator.run(command)
    requests.post(address, data=str(before).encode(), timeout=30)

    said = found.stdout + found.stderr
    assert found.returncode == 1
    assert "AWS refuses them (InvalidClientTokenId)" in said and "Run aws configure or aws sso login" in said


def without(operator: Operator, program: str, folder: Path) -> str:
    """The PATH with every program it has but one."""
    for directory in reversed(operator.environment["PATH"].split(":")):
        for file in Path(directory).iterdir() if Path(directory).is_dir() else []:
            link = folder / file.name
            if file.name != program and not file.is_dir():
                link.unlink(missing_ok=True)
                link.symlink_to(file)
    return str(folder)


@pytest.mark.parametrize("command", ["doctor", "deploy"])
def test_without_terraform(operator: Operator, tmp_path: Path, command: str) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    variables = {"PATH": without(operator, "terraform", tmp_path), "ANB_TERRAFORM_MIRROR": nowhere}
    found = operator.run(command, settings=variables)

    said = found.stdout + found.stderr
    assert found.returncode == 1
    assert nowhere in said and "cannot be " in said and "Install Terraform 1.11" in said and "Traceback" not in said


@pytest.mark.parametrize("command", ["doctor", "deploy"])
def test_without_the_provider(operator: Operator, tmp_path: Path, command: str) -> None:
    configuration = tmp_path / "mine.tfrc"
    configuration.write_text(f'provider_installation {{ filesystem_mirror {{ path = "{tmp_path}" }} }}\n')
    variables = {"TF_CLI_CONFIG_FILE": str(configuration), "ANB_LOCAL_DIR": str(tmp_path / "local")}
    found = operator.run(command, settings=variables)

    said = found.stdout + found.stderr
    assert found.returncode == 1
    assert "does not get" in said and "Failed to query available provider packages" in said
    assert "Traceback" not in said
