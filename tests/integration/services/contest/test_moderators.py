"""The command that grants and revokes moderator rights."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from services.contest.moderation import is_moderator
from services.contest.moderators import USAGE, main
from services.environment import PortalEnvironment
from tests.integration.services.world import World

ROOT = Path(__file__).resolve().parents[4]


def run(environment: PortalEnvironment, *arguments: str) -> tuple[int, str]:
    """Run the command as an operator does."""
    done = subprocess.run(
        [sys.executable, "-m", "services.contest.moderators", *arguments],
        env={**os.environ, **environment.as_variables()},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, (done.stdout + done.stderr).strip()


def test_moderator_rights_are_granted_and_revoked(
    portal_environment: PortalEnvironment, connection: Connection, world: World
) -> None:
    person = world.add_person()
    email = connection.execute(text("SELECT email FROM users WHERE id = :id"), {"id": person}).scalar_one()
    assert run(portal_environment, "grant", email) == (0, f"{email} is now a moderator")
    assert is_moderator(connection, person)
    assert run(portal_environment, "revoke", email) == (0, f"{email} is no longer a moderator")
    assert not is_moderator(connection, person)


def test_address_without_an_account_is_an_error(
    portal_environment: PortalEnvironment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in portal_environment.as_variables().items():
        monkeypatch.setenv(name, value)
    assert main(["grant", "unknown@example.com"]) == 1
    assert capsys.readouterr().err == "unknown@example.com has no account; sign up in the portal first\n"


@pytest.mark.parametrize("arguments", [(), ("grant",), ("promote", "a@example.com"), ("grant", "a", "b")])
def test_wrong_arguments_print_the_usage(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    assert main(list(arguments)) == 1
    assert capsys.readouterr().err == f"{USAGE}\n"
