"""Choice of the deployment target, and errors if there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from operations.deploy.target import choose_target
from operations.local.state import RUNNING, StateFile, SystemState, this_process
from workspace import paths
from workspace.errors import UserError

WITH_ENDPOINT = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4999", "AWS_ACCESS_KEY_ID": "mine", "AWS_PROFILE": "mine"}


@pytest.fixture(autouse=True)
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANB_LOCAL_DIR", str(tmp_path))
    return tmp_path


def write_state(folder: Path, *, infra: bool = True, alive: bool = True) -> None:
    this = replace(this_process(), port=4321)
    if not alive:
        this = replace(this, started=1.0)
    StateFile(folder).write(
        SystemState(phase=RUNNING, supervisor=this, url="http://127.0.0.1:1", infra=infra, children={"aws": this})
    )


def test_production_uses_aws_with_the_users_credentials() -> None:
    target = choose_target(None, None, {"AWS_PROFILE": "mine", "ANB_API_MAX_SIZE": "5", "HOME": "/x"})
    assert (target.name, target.environment) == ("aws", "production")
    assert target.settings.api_max_size == 5
    assert target.folder == paths.CACHE_DIR / "deploy/production"
    assert target.variables == {"AWS_PROFILE": "mine", "ANB_API_MAX_SIZE": "5", "ANB_ENVIRONMENT": "production"}


def test_local_uses_the_embedded_aws_and_its_states(local: Path) -> None:
    write_state(local)
    target = choose_target("local", None, {})
    assert (target.name, target.environment, target.folder) == ("local", "local", local / "infrastructure")
    assert target.variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4321"
    assert target.settings.state_directory == str(local / "infrastructure/states")
    assert choose_target(None, "local", {}) == target


def test_endpoint_variable_has_priority_without_credentials(local: Path) -> None:
    write_state(local)
    target = choose_target("local", None, WITH_ENDPOINT)
    assert target.variables["AWS_ENDPOINT_URL"] == WITH_ENDPOINT["AWS_ENDPOINT_URL"]
    assert target.variables["AWS_ACCESS_KEY_ID"] == "embedded" and "AWS_PROFILE" not in target.variables
    assert target.folder == local / "endpoints/127.0.0.1-4999/local"
    assert target.client("s3").meta.endpoint_url == WITH_ENDPOINT["AWS_ENDPOINT_URL"]


def test_without_an_embedded_aws_the_error_names_the_command(local: Path) -> None:
    for alive in (None, False):
        if alive is not None:
            write_state(local, alive=alive)
        with pytest.raises(UserError, match="No AWS emulator is running. Start one with ./anb up, or set AWS_END"):
            choose_target("local", None, {})


def test_local_run_without_terraform_is_no_target(local: Path) -> None:
    write_state(local, infra=False)
    with pytest.raises(UserError, match="was started with --no-infra"):
        choose_target("local", None, {})


@pytest.mark.parametrize(
    ("target", "environment", "message"),
    [
        (
            "aws",
            "local",
            'target of the environment local is local, but --target is aws. .*target = "aws" .*production',
        ),
        ("local", "production", 'environment production is aws, but .*target = "embedded" .*--environment local'),
    ],
)
def test_environment_has_one_target(target: str, environment: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        choose_target(target, environment, WITH_ENDPOINT)


def test_all_invalid_settings_are_reported() -> None:
    with pytest.raises(UserError) as caught:
        choose_target("aws", None, {"ANB_API_MAX_SIZE": "99", "ANB_AWS_REGION": "mars"})
    assert "ANB_API_MAX_SIZE is '99'" in caught.value.message and "ANB_AWS_REGION is 'mars'" in caught.value.message
    with pytest.raises(UserError, match="ANB_ENVIRONMENT is 'moon'; must be one of local, production"):
        choose_target("aws", "moon", {})
