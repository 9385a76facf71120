"""An instance's AWS, on loopback."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest

from tests import service_calls
from tests.integration.user_data.loopback import Loopback


@pytest.fixture(scope="session")
def boot_actions(request: pytest.FixtureRequest) -> Iterator[set[str]]:
    """IAM actions of the scripts' calls, compared with ``tests/service_calls.json`` at the end."""
    actions: set[str] = set()
    yield actions
    complete = service_calls.is_complete(request.session, pathlib.Path(__file__).parent)
    service_calls.assert_recorded({"boot": actions}, ["boot"], complete=complete)


@pytest.fixture
def aws(tmp_path: pathlib.Path, boot_actions: set[str]) -> Iterator[Loopback]:
    """Start an instance's AWS on loopback."""
    folder = tmp_path / "aws"
    folder.mkdir()
    server = Loopback(folder)
    yield server
    server.close()
    for call in server.recorded():
        boot_actions.update(service_calls.actions_of(call.service, call.operation, call.members))
