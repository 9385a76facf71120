"""ASVS 5.0, chapter 13, part 3: what signs is random and lies in Secrets Manager, or nothing is signed at all."""

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
from services.portal.accounts.signing_keys import check_key, weakness_of
from services.portal.resources import resources_of
from services.shared.aws import aws_client
from services.shared.secrets import SecretStore
from workspace.ports import free_port

from ..people import PASSWORD, People, PortalUser, registration
from ..process import ROOT

pytestmark = pytest.mark.own("secrets")

PROFILE = "/api/auth/profile"
#: The first is the default of the first version.
WEAK = {
    "local-development-secret-key": "it has 28 bytes; allowed are 32 and more",
    "ñ" * 15 + "k": "it has 31 bytes; allowed are 32 and more",
    "0123456" * 9: "it repeats 7 characters; allowed are 8 different ones and more",
    "your-256-bit-SECRET-for-signing-tokens": "it reads like a placeholder; allowed is random text",
    "please-change-me-before-going-to-production": "it reads like a placeholder; allowed is random text",
}
DEFAULT, *_, GUESSED = WEAK

Put = Callable[[str], None]


@pytest.fixture
def put(portal_environment: PortalEnvironment, aws_port: int) -> Put:
    """Gives the secret that signs another text."""
    manager = aws.client("secretsmanager", aws_port)

    def put_text(value: str) -> None:
        manager.put_secret_value(SecretId=portal_environment.token_secret_arn, SecretString=value)

    return put_text


def forged(person: PortalUser, key: str) -> PortalUser:
    claims = jwt.decode(person.token, options={"verify_signature": False})
    return dataclasses.replace(person, token=jwt.encode(claims, key, "HS256"))


@pytest.mark.asvs("13.3.1")
@pytest.mark.parametrize("weak", WEAK)
def test_a_key_that_could_be_guessed_is_called_so_and_not_repeated(weak: str) -> None:
    assert weakness_of(weak) == WEAK[weak]


@pytest.mark.asvs("13.3.1")
def test_random_keys_are_taken() -> None:
    for _ in range(500):
        for key in (secrets.token_hex(16), secrets.token_hex(32), secrets.token_urlsafe(32)):
            assert weakness_of(key) is None, key


@pytest.mark.asvs("13.3.1")
def test_the_portal_does_not_start_with_the_first_versions_default(
    portal_environment: PortalEnvironment, put: Put
) -> None:
    put(DEFAULT)
    ended = subprocess.run(
        [sys.executable, "-m", "services.portal"],
        env={**os.environ, **portal_environment.as_variables()},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        f"The secret {portal_environment.token_secret_arn} cannot sign tokens: {WEAK[DEFAULT]}. "
        "To mend it: put random text there, such as `openssl rand -hex 32` makes\n"
    )


@pytest.mark.asvs("13.3.1")
def test_where_it_could_not_look_before_nothing_is_signed_or_believed(
    client: FlaskClient, people: People, app: Flask, start_app: Callable[[PortalEnvironment], Flask], put: Put,
    portal_environment: PortalEnvironment,
) -> None:  # fmt: skip
    ana = people.new()
    put(GUESSED)
    late = start_app(portal_environment).test_client()
    forger = dataclasses.replace(forged(ana, GUESSED), client=late)
    assert forger.get(PROFILE).status_code == 503
    answer = late.post("/api/auth/login", json={"email": ana.email, "password": PASSWORD})
    assert answer.status_code == 503 and "token" not in answer.text
    form = late.post("/signup", data=registration(email="new@example.com"))
    assert form.status_code == 503 and "Set-Cookie" not in form.headers
    # Who had read the key before goes on with it.
    resources_of(app).keys._read_at -= 3600
    assert ana.get(PROFILE).status_code == 200
    assert dataclasses.replace(forger, client=client).get(PROFILE).status_code == 401


@pytest.mark.asvs("13.3.1")
def test_what_was_weak_is_not_believed_after_it_was_replaced(
    start_app: Callable[[PortalEnvironment], Flask], portal_environment: PortalEnvironment, put: Put
) -> None:
    put(GUESSED)
    put(secrets.token_hex(32))
    ana = People(start_app(portal_environment)).new()
    assert ana.get(PROFILE).status_code == 200
    assert forged(ana, GUESSED).get(PROFILE).status_code == 401


@pytest.mark.asvs("13.3.1")
def test_while_aws_cannot_be_asked_the_portal_starts_all_the_same(
    portal_environment: PortalEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A portal that signs nothing yet does no harm, and what needs no token is served."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", aws.endpoint(free_port()))
    store = SecretStore(aws_client("secretsmanager", portal_environment.aws_region))
    with capture_logs() as lines:
        check_key(store, portal_environment.token_secret_arn)
    assert [(line["log_level"], line["event"]) for line in lines] == [("warning", "the signing key cannot be read yet")]
