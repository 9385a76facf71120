"""A separate environment for each test on the AWS emulator."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from emulator import aws
from operations.deploy.target import Target, choose_target


@pytest.fixture
def variables(aws_port: int) -> dict[str, str]:
    return {"AWS_ENDPOINT_URL": aws.endpoint(aws_port), "ANB_ENVIRONMENT_NAME": f"t{uuid.uuid4().hex[:8]}"}


@pytest.fixture
def target(variables: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    """The environment, also set in the variables for the commands."""
    monkeypatch.setenv("ANB_LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return choose_target("local", None, variables)
