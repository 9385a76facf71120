"""ASVS 5.0, section 13.3: the signing key is random and stored in Secrets Manager, or nothing is signed."""

from __future__ import annotations

import dataclasses
import os
import secrets
import subprocess
import sys
from collections.abc import Callable

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from emulator import aws
from services.environment import PortalEnvironment
from services.portal.accounts.signing_keys import check_key, find_weakness
from services.portal.resources import resources_of
from services.shared.aws import aws_client
from services.shared.secrets import SecretStore
from workspace.ports import free_port

from ..people import PASSWORD, People, PortalUser, registration
from ..process import ROOT

pytestmark = pytest.mark.own("secrets")

PROFILE = "/api/auth/profile"
#: The first key is the default of the project's first version.
WEAK = {
    "local-development-secret-key": "it has 28 bytes; must have at least 32",
    "ñ" * 15 + "k": "it has 31 bytes; must have at least 32",
    "0123456" * 9: "it has 7 different characters; must have at least 8",
    "your-256-bit-SECRET-for-signing-tokens": "it looks like a placeholder; must be random text",
    "please-change-me-before-going-to-production": "it looks like a placeholder; must be random text",
}
DEFAULT, *_, GUESSED = WEAK

PutSecret = Callable[[str], None]


@pytest.fixture
def put_secret(portal_environment: PortalEnvironment, aws_port: int) -> PutSecret:
    """Replace the value of the signing secret."""
    manager = aws.client("secretsmanager", aws_port)

    def put_value(value: str) -> None:
        manager.put_secret_value(SecretId=portal_environment.token_secret_arn, SecretString=value)

    return put_value


def forge_token(person: PortalUser, key: str) -> PortalUser:
    claims = jwt.decode(person.token, options={"verify_signature": False})
    return dataclasses.replace(person, token=jwt.encode(claims, key, "HS256"))


@pytest.mark.asvs("13.3.1")
@pytest.mark.parametrize("weak", WEAK)
def test_weak_key_is_explained_without_repeating_it(weak: str) -> None:
    assert find_weakness(weak) == WEAK[weak]


@pytest.mark.asvs("13.3.1")
def test_random_keys_are_accepted() -> None:
    for _ in range(500):
        for key in (secrets.token_hex(16), secrets.token_hex(32), secrets.token_urlsafe(32)):
            assert find_weakness(key) is None, key


@pytest.mark.asvs("13.3.1")
def test_portal_does_not_start_with_the_former_default_key(
    portal_environment: PortalEnvironment, put_secret: PutSecret
) -> None:
    put_secret(DEFAULT)
    result = subprocess.run(
        [sys.executable, "-m", "services.portal"],
        env={**os.environ, **portal_environment.as_variables()},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        f"The secret {portal_environment.token_secret_arn} cannot sign tokens: {WEAK[DEFAULT]}. "
        "Fix: put random text there, such as the output of `openssl rand -hex 32`.\n"
    )


@pytest.mark.asvs("13.3.1")
def test_weak_key_found_after_startup_signs_and_accepts_nothing(
    client: FlaskClient, people: People, app: Flask, start_app: Callable[[PortalEnvironment], Flask],
    put_secret: PutSecret, portal_environment: PortalEnvironment,
) -> None:  # fmt: skip
    ana = people.new()
    put_secret(GUESSED)
    late_client = start_app(portal_environment).test_client()
    forger = dataclasses.replace(forge_token(ana, GUESSED), client=late_client)
    assert forger.get(PROFILE).status_code == 503
    answer = late_client.post("/api/auth/login", json={"email": ana.email, "password": PASSWORD})
    assert answer.status_code == 503 and "token" not in answer.text
    form = late_client.post("/signup", data=registration(email="new@example.com"))
    assert form.status_code == 503 and "Set-Cookie" not in form.headers
    # An application that already holds a good key keeps using it.
    resources_of(app).keys._read_at -= 3600
    assert ana.get(PROFILE).status_code == 200
    assert dataclasses.replace(forger, client=client).get(PROFILE).status_code == 401


@pytest.mark.asvs("13.3.1")
def test_replaced_weak_key_is_not_accepted_as_previous_key(
    start_app: Callable[[PortalEnvironment], Flask], portal_environment: PortalEnvironment, put_secret: PutSecret
) -> None:
    put_secret(GUESSED)
    put_secret(secrets.token_hex(32))
    ana = People(start_app(portal_environment)).new()
    assert ana.get(PROFILE).status_code == 200
    assert forge_token(ana, GUESSED).get(PROFILE).status_code == 401


@pytest.mark.asvs("13.3.1")
def test_portal_starts_while_secrets_manager_is_unreachable(
    portal_environment: PortalEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a key it signs nothing, and still serves routes that need no token."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", aws.endpoint(free_port()))
    store = SecretStore(aws_client("secretsmanager", portal_environment.aws_region))
    with capture_logs() as lines:
        check_key(store, portal_environment.token_secret_arn)
    assert [(line["log_level"], line["event"]) for line in lines] == [("warning", "the signing key cannot be read yet")]
