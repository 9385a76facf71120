"""Where a deployment goes, and what is said when it goes nowhere."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from operations.deploy.target import choose
from operations.local.state import RUNNING, StateFile, SystemState
from workspace import paths
from workspace.errors import UserError
from workspace.processes import ProcessRecord

NAMED = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4999", "AWS_ACCESS_KEY_ID": "mine", "AWS_PROFILE": "mine"}


@pytest.fixture(autouse=True)
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANB_LOCAL_DIR", str(tmp_path))
    return tmp_path


def up(folder: Path, *, infra: bool = True, alive: bool = True) -> None:
    this = ProcessRecord(os.getpid(), psutil.Process().create_time() if alive else 1.0, 4321)
    StateFile(folder).write(
        SystemState(phase=RUNNING, supervisor=this, url="http://127.0.0.1:1", infra=infra, children={"aws": this})
    )


def test_production_goes_to_aws_with_the_users_credentials() -> None:
    target = choose(None, None, {"AWS_PROFILE": "mine", "ANB_API_MAX_SIZE": "5", "HOME": "/x"})
    assert (target.name, target.environment) == ("aws", "production")
    assert target.settings.api_max_size == 5
    assert target.folder == paths.CACHE_DIR / "deploy/production"
    assert target.variables == {"AWS_PROFILE": "mine", "ANB_API_MAX_SIZE": "5", "ANB_ENVIRONMENT": "production"}


def test_local_goes_to_what_up_started_and_goes_on_from_its_states(local: Path) -> None:
    up(local)
    target = choose("local", None, {})
    assert (target.name, target.environment, target.folder) == ("local", "local", local / "infrastructure")
    assert target.variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4321"
    assert target.settings.state_directory == str(local / "infrastructure/states")
    assert choose(None, "local", {}) == target


def test_an_endpoint_that_is_named_goes_first_and_gets_none_of_the_users_credentials(local: Path) -> None:
    up(local)
    target = choose("local", None, NAMED)
    assert target.variables["AWS_ENDPOINT_URL"] == NAMED["AWS_ENDPOINT_URL"]
    assert target.variables["AWS_ACCESS_KEY_ID"] == "embedded" and "AWS_PROFILE" not in target.variables
    assert target.folder == local / "endpoints/127.0.0.1-4999/local"
    assert target.client("s3").meta.endpoint_url == NAMED["AWS_ENDPOINT_URL"]


def test_without_an_embedded_aws_it_says_how_to_start_one(local: Path) -> None:
    for alive in (None, False):
        if alive is not None:
            up(local, alive=alive)
        with pytest.raises(UserError, match="No embedded AWS is up. Start one with ./anb up, or name one in AWS_END"):
            choose("local", None, {})


def test_what_is_up_without_terraform_has_nothing_to_go_on_from(local: Path) -> None:
    up(local, infra=False)
    with pytest.raises(UserError, match="was started with --no-infra"):
        choose("local", None, {})


@pytest.mark.parametrize(
    ("target", "environment", "message"),
    [
        ("aws", "local", 'The environment local is for local, and --target is aws. .*target = "aws" .*production'),
        ("local", "production", 'environment production is for aws, and .*target = "embedded" .*--environment local'),
    ],
)
def test_an_environment_is_for_one_target(target: str, environment: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        choose(target, environment, NAMED)


def test_wrong_settings_are_all_told() -> None:
    with pytest.raises(UserError) as caught:
        choose("aws", None, {"ANB_API_MAX_SIZE": "99", "ANB_AWS_REGION": "mars"})
    assert "ANB_API_MAX_SIZE is '99'" in caught.value.message and "ANB_AWS_REGION is 'mars'" in caught.value.message
    with pytest.raises(UserError, match="ANB_ENVIRONMENT is 'moon'; must be one of local, production"):
        choose("aws", "moon", {})
