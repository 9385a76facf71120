"""ASVS 5.0, chapter 9: a token is believed that we signed, as we sign, for this, and in its time; no other."""

from __future__ import annotations

import base64
import hmac
import json
import time
import warnings
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.portal.accounts.signing_keys import name_of
from services.portal.resources import resources

from ..people import People, PortalUser
from ..videos import Videos

PROFILE = "/api/auth/profile"
EXPIRED = {"message": "", "error": "Invalid or expired token"}


@pytest.fixture
def ana(people: People) -> PortalUser:
    return people.new()


@pytest.fixture
def key(app: Flask) -> str:
    """The key that our own tokens are signed with."""
    with app.app_context():
        return resources().keys.newest()


def claims_of(person: PortalUser, **changes: Any) -> dict[str, Any]:
    """What somebody's token says, with some claims changed, or left out where they are None."""
    claims = jwt.decode(person.token, options={"verify_signature": False}) | changes
    return {name: value for name, value in claims.items() if value is not None}


def ask(client: FlaskClient, token: str) -> TestResponse:
    return client.get(PROFILE, headers={"Authorization": f"Bearer {token}"})


def assert_refused(client: FlaskClient, tokens: dict[str, str]) -> None:
    """No token of these opens anything, and each is told in the words of the contract."""
    for what, token in tokens.items():
        answer = ask(client, token)
        assert (answer.status_code, answer.json) == (401, EXPIRED), what


def signed(claims: dict[str, Any], key: str) -> str:
    """A token as ours are made, whatever its claims are."""
    return jwt.PyJWS().encode(json.dumps(claims).encode(), key, "HS256")


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


@pytest.mark.asvs("9.1.1")
def test_what_was_changed_after_it_was_signed_is_not_believed(client: FlaskClient, ana: PortalUser, key: str) -> None:
    # The forgeries are refused for what they are: the same token, made in the same way, is believed.
    assert ask(client, signed(claims_of(ana), key)).status_code == 200
    header, payload, signature = ana.token.split(".")
    assert_refused(
        client,
        {
            "another account": f"{header}.{encoded(claims_of(ana, user_id=999))}.{signature}",
            "another header": f"{encoded({'alg': 'HS256', 'typ': 'JWT', 'x': 1})}.{payload}.{signature}",
            "no signature": f"{header}.{payload}.",
            "part of the signature": f"{header}.{payload}.{signature[:-6]}",
            "another key": jwt.encode(claims_of(ana), "x" * 32, "HS256"),
        },
    )


@pytest.mark.asvs("9.1.2")
def test_a_token_that_says_it_needs_no_signature_is_refused(client: FlaskClient, ana: PortalUser, key: str) -> None:
    ours = signed(claims_of(ana), key).rsplit(".", 1)[1]
    for spelled in ("none", "None", "NONE", "nOnE", "", None):
        unsigned = f"{encoded({'alg': spelled, 'typ': 'JWT'})}.{encoded(claims_of(ana))}."
        assert_refused(client, {f"{spelled}": unsigned, f"{spelled}, with a signature": f"{unsigned}{ours}"})


@pytest.mark.asvs("9.1.2")
def test_no_other_algorithm_is_taken_even_with_our_key(client: FlaskClient, ana: PortalUser, key: str) -> None:
    with warnings.catch_warnings():
        # The key would be short for them.
        warnings.simplefilter("ignore", jwt.InsecureKeyLengthWarning)
        assert_refused(client, {name: jwt.encode(claims_of(ana), key, name) for name in ("HS384", "HS512")})


@pytest.mark.asvs("9.1.2")
def test_a_signature_of_one_kind_is_not_taken_for_another(client: FlaskClient, ana: PortalUser, key: str) -> None:
    """Tokens of a key pair are none of ours, whether they say what they are or that they are ours."""
    pairs: dict[str, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey] = {
        "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "PS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "ES256": ec.generate_private_key(ec.SECP256R1()),
    }
    claims, forged = claims_of(ana), {}
    for name, pair in pairs.items():
        told = {"kid": name_of(key)}
        forged[name] = jwt.encode(claims, pair, name, headers=told)
        payload, signature = forged[name].split(".")[1:]
        forged[f"{name} that says HS256"] = f"{encoded({'alg': 'HS256', **told})}.{payload}.{signature}"
        ours = jwt.encode(claims, key, "HS256", headers=told).split(".")
        forged[f"HS256 that says {name}"] = f"{encoded({'alg': name, **told})}.{ours[1]}.{ours[2]}"
    assert_refused(client, forged)


@pytest.mark.asvs("9.1.3")
def test_a_token_does_not_say_which_key_it_is_believed_with(client: FlaskClient, ana: PortalUser, key: str) -> None:
    pair = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = pair.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1).decode()
    own = {"kty": "oct", "k": base64.urlsafe_b64encode(b"x" * 32).decode().rstrip("=")}
    headers: list[dict[str, Any]] = [
        {"jwk": own},
        {"jku": "http://127.0.0.1:1/keys.json"},
        {"x5u": "http://127.0.0.1:1/key.pem"},
        {"x5c": [public]},
        *({"kid": kid} for kid in ("../../../../dev/null", "' OR '1'='1", "x" * 32, "", name_of(key))),
    ]
    mine = {str(told): jwt.encode(claims_of(ana), "x" * 32, "HS256", headers=told) for told in headers}
    signed = f"{encoded({'alg': 'HS256', 'typ': 'JWT'})}.{encoded(claims_of(ana))}"
    empty = base64.urlsafe_b64encode(hmac.digest(b"", signed.encode(), "sha256")).decode().rstrip("=")
    mine["the empty key"] = f"{signed}.{empty}"
    assert_refused(client, mine)


@pytest.mark.asvs("9.2.1")
def test_a_token_holds_in_its_time_alone(client: FlaskClient, ana: PortalUser, key: str) -> None:
    now = int(time.time())
    moments = {"exp": now - 10, "nbf": now + 1000, "iat": now + 1000}
    broken = {name: signed(claims_of(ana, **{name: moment}), key) for name, moment in moments.items()}
    broken["exp of another type"] = signed(claims_of(ana, exp="tomorrow"), key)
    assert_refused(client, broken)


@pytest.mark.asvs("9.2.2")
def test_a_token_without_what_ours_say_is_none_of_ours(client: FlaskClient, ana: PortalUser, key: str) -> None:
    changes: list[dict[str, Any]] = [
        {"user_id": None}, {"user_id": "1"}, {"user_id": 1.5}, {"email": None}, {"jti": None}, {"sub": None},
        {"csrf": None}, {"type": "refresh"}, {"type": "id"}, {"type": 1},
    ]  # fmt: skip
    assert_refused(client, {str(each): signed(claims_of(ana, **each), key) for each in changes})


@pytest.mark.asvs("9.2.2")
def test_what_was_signed_for_one_thing_opens_no_other(
    app: Flask, client: FlaskClient, people: People, ana: PortalUser, videos: Videos
) -> None:
    """One key signs the API's tokens, the cookies of sessions and the links to private videos."""
    browser, csrf = people.browser(ana)
    session = browser.get_cookie("session")
    assert session is not None
    video_id = videos.processed(ana, is_public=False)
    link = str((ana.get(f"/api/videos/{video_id}").json or {})["processed_url"])
    path, signed = link.split("?key=")
    assert client.get(link).status_code == 302
    assert_refused(client, {"a session": session.value, "a link": signed, "a CSRF token": csrf})
    for other in (ana.token, session.value):
        assert client.get(f"{path}?key={other}").status_code == 404
    for other in (ana.token, signed):
        stranger = app.test_client()
        stranger.set_cookie("session", other)
        assert stranger.get(PROFILE).status_code == 401
    another = videos.processed(ana, is_public=False)
    assert client.get(f"/media/{another}/video.mp4?key={signed}").status_code == 404


@pytest.mark.asvs("9.2.3")
def test_a_token_of_another_issuer_or_for_another_service_is_refused(
    client: FlaskClient, ana: PortalUser, key: str
) -> None:
    """Ours name no audience, as the contract has them; so one that names an audience was made for somebody else."""
    changes: list[dict[str, Any]] = [
        {"iss": "somebody else"}, {"iss": None}, {"iss": ["anb-rising-stars"]}, {"iss": ""},
        {"aud": "another service"}, {"aud": ["another service", "anb-rising-stars"]}, {"aud": "anb-rising-stars"},
    ]  # fmt: skip
    assert_refused(client, {str(each): signed(claims_of(ana, **each), key) for each in changes})
