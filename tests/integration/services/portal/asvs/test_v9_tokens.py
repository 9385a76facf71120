"""ASVS 5.0, chapter 9: only unexpired tokens with our signature, algorithm and purpose are accepted."""

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

from services.portal.accounts.signing_keys import key_id
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
    """The current signing key."""
    with app.app_context():
        return resources().keys.newest()


def claims_of(person: PortalUser, **changes: Any) -> dict[str, Any]:
    """Return the claims of a user's token with overrides; None omits a claim."""
    claims = jwt.decode(person.token, options={"verify_signature": False}) | changes
    return {name: value for name, value in claims.items() if value is not None}


def get_profile(client: FlaskClient, token: str) -> TestResponse:
    return client.get(PROFILE, headers={"Authorization": f"Bearer {token}"})


def assert_refused(client: FlaskClient, tokens: dict[str, str]) -> None:
    """Assert that each token returns 401 with the contract's error text."""
    for name, token in tokens.items():
        answer = get_profile(client, token)
        assert (answer.status_code, answer.json) == (401, EXPIRED), name


def sign_claims(claims: dict[str, Any], key: str) -> str:
    """Sign claims as the portal does, without validating them."""
    return jwt.PyJWS().encode(json.dumps(claims).encode(), key, "HS256")


def encode_part(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


@pytest.mark.asvs("9.1.1")
def test_modified_token_is_rejected(client: FlaskClient, ana: PortalUser, key: str) -> None:
    # Control: an unmodified token that is built the same way is accepted.
    assert get_profile(client, sign_claims(claims_of(ana), key)).status_code == 200
    header, payload, signature = ana.token.split(".")
    assert_refused(
        client,
        {
            "another account": f"{header}.{encode_part(claims_of(ana, user_id=999))}.{signature}",
            "another header": f"{encode_part({'alg': 'HS256', 'typ': 'JWT', 'x': 1})}.{payload}.{signature}",
            "no signature": f"{header}.{payload}.",
            "part of the signature": f"{header}.{payload}.{signature[:-6]}",
            "another key": jwt.encode(claims_of(ana), "x" * 32, "HS256"),
        },
    )


@pytest.mark.asvs("9.1.2")
def test_token_with_alg_none_is_rejected(client: FlaskClient, ana: PortalUser, key: str) -> None:
    ours = sign_claims(claims_of(ana), key).rsplit(".", 1)[1]
    for spelled in ("none", "None", "NONE", "nOnE", "", None):
        unsigned = f"{encode_part({'alg': spelled, 'typ': 'JWT'})}.{encode_part(claims_of(ana))}."
        assert_refused(client, {f"{spelled}": unsigned, f"{spelled}, with a signature": f"{unsigned}{ours}"})


@pytest.mark.asvs("9.1.2")
def test_other_hmac_algorithms_are_rejected(client: FlaskClient, ana: PortalUser, key: str) -> None:
    with warnings.catch_warnings():
        # The key is too short for these algorithms.
        warnings.simplefilter("ignore", jwt.InsecureKeyLengthWarning)
        assert_refused(client, {name: jwt.encode(claims_of(ana), key, name) for name in ("HS384", "HS512")})


@pytest.mark.asvs("9.1.2")
def test_algorithm_confusion_is_rejected(client: FlaskClient, ana: PortalUser, key: str) -> None:
    """Tokens signed with a key pair are rejected under their own algorithm and under HS256."""
    pairs: dict[str, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey] = {
        "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "PS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "ES256": ec.generate_private_key(ec.SECP256R1()),
    }
    claims, forged = claims_of(ana), {}
    for name, pair in pairs.items():
        header = {"kid": key_id(key)}
        forged[name] = jwt.encode(claims, pair, name, headers=header)
        payload, signature = forged[name].split(".")[1:]
        forged[f"{name} that says HS256"] = f"{encode_part({'alg': 'HS256', **header})}.{payload}.{signature}"
        ours = jwt.encode(claims, key, "HS256", headers=header).split(".")
        forged[f"HS256 that says {name}"] = f"{encode_part({'alg': name, **header})}.{ours[1]}.{ours[2]}"
    assert_refused(client, forged)


@pytest.mark.asvs("9.1.3")
def test_token_headers_cannot_choose_the_key(client: FlaskClient, ana: PortalUser, key: str) -> None:
    pair = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = pair.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1).decode()
    own = {"kty": "oct", "k": base64.urlsafe_b64encode(b"x" * 32).decode().rstrip("=")}
    headers: list[dict[str, Any]] = [
        {"jwk": own},
        {"jku": "http://127.0.0.1:1/keys.json"},
        {"x5u": "http://127.0.0.1:1/key.pem"},
        {"x5c": [public]},
        *({"kid": kid} for kid in ("../../../../dev/null", "' OR '1'='1", "x" * 32, "", key_id(key))),
    ]
    forged = {str(header): jwt.encode(claims_of(ana), "x" * 32, "HS256", headers=header) for header in headers}
    signed = f"{encode_part({'alg': 'HS256', 'typ': 'JWT'})}.{encode_part(claims_of(ana))}"
    empty = base64.urlsafe_b64encode(hmac.digest(b"", signed.encode(), "sha256")).decode().rstrip("=")
    forged["the empty key"] = f"{signed}.{empty}"
    assert_refused(client, forged)


@pytest.mark.asvs("9.2.1")
def test_token_outside_its_validity_period_is_rejected(client: FlaskClient, ana: PortalUser, key: str) -> None:
    now = int(time.time())
    moments = {"exp": now - 10, "nbf": now + 1000, "iat": now + 1000}
    broken = {name: sign_claims(claims_of(ana, **{name: moment}), key) for name, moment in moments.items()}
    broken["exp of another type"] = sign_claims(claims_of(ana, exp="tomorrow"), key)
    assert_refused(client, broken)


@pytest.mark.asvs("9.2.2")
def test_token_with_missing_or_invalid_claims_is_rejected(client: FlaskClient, ana: PortalUser, key: str) -> None:
    changes: list[dict[str, Any]] = [
        {"user_id": None}, {"user_id": "1"}, {"user_id": 1.5}, {"email": None}, {"jti": None}, {"sub": None},
        {"csrf": None}, {"type": "refresh"}, {"type": "id"}, {"type": 1},
    ]  # fmt: skip
    assert_refused(client, {str(change): sign_claims(claims_of(ana, **change), key) for change in changes})


@pytest.mark.asvs("9.2.2")
def test_tokens_cookies_and_links_are_not_interchangeable(
    app: Flask, client: FlaskClient, people: People, ana: PortalUser, videos: Videos
) -> None:
    """One key signs API tokens, session cookies and links to private videos."""
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
        anonymous = app.test_client()
        anonymous.set_cookie("session", other)
        assert anonymous.get(PROFILE).status_code == 401
    another = videos.processed(ana, is_public=False)
    assert client.get(f"/media/{another}/video.mp4?key={signed}").status_code == 404


@pytest.mark.asvs("9.2.3")
def test_token_with_wrong_issuer_or_any_audience_is_rejected(client: FlaskClient, ana: PortalUser, key: str) -> None:
    """By the contract our tokens have no audience, so a token with one is for another service."""
    changes: list[dict[str, Any]] = [
        {"iss": "another issuer"}, {"iss": None}, {"iss": ["anb-rising-stars"]}, {"iss": ""},
        {"aud": "another service"}, {"aud": ["another service", "anb-rising-stars"]}, {"aud": "anb-rising-stars"},
    ]  # fmt: skip
    assert_refused(client, {str(change): sign_claims(claims_of(ana, **change), key) for change in changes})
