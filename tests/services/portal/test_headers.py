"""What every answer carries, and what is logged of a request."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from services.core.aws import aws_client
from services.core.storage import MediaStore
from services.environment import PortalEnvironment

from .people import PASSWORD, People

PATHS = ["/health", "/api/public/videos", "/api/videos", "/nowhere", "/docs", "/openapi.json", "/media/7/video.mp4"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_tells_browsers_what_the_portal_never_does(
    client: FlaskClient, path: str, aws_endpoint: str
) -> None:
    headers = client.get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["media-src"] == policy["img-src"] == policy["connect-src"] == f"'self' {aws_endpoint}"
    assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert policy["form-action"] == "'self'"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    media = path.startswith("/media/")
    assert headers["Cross-Origin-Resource-Policy"] == ("cross-origin" if media else "same-origin")
    assert {"camera=()", "microphone=()", "geolocation=()"} <= set(headers["Permissions-Policy"].split(", "))
    assert "Strict-Transport-Security" not in headers


@pytest.mark.parametrize("path", PATHS)
def test_over_https_browsers_are_told_to_stay_there(
    start_app: Callable[[PortalEnvironment], Flask], portal_environment: PortalEnvironment, path: str
) -> None:
    app = start_app(dataclasses.replace(portal_environment, secure_cookies=True))
    headers = app.test_client().get(path).headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert headers["Content-Security-Policy"].endswith("; upgrade-insecure-requests")


def test_on_aws_the_policy_names_the_buckets_own_hosts(
    monkeypatch: pytest.MonkeyPatch, portal_environment: PortalEnvironment
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    store = MediaStore(aws_client("s3", "eu-west-1"), "anb-media")
    assert store.origins == ("https://anb-media.s3.eu-west-1.amazonaws.com", "https://anb-media.s3.amazonaws.com")
    part = store.part_link("uploads/x.mp4", "an-upload", 1, size=1, seconds=60)
    for url in (store.link("processed/x.mp4"), part):
        assert url.startswith(tuple(f"{origin}/" for origin in store.origins))


def test_what_is_private_is_not_kept(people: People) -> None:
    ana = people.new()
    for path in ("/api/auth/profile", "/api/videos", "/api/user/votes"):
        assert ana.get(path).headers["Cache-Control"] == "no-store"
    login = ana.client.post("/api/auth/login", json={"email": ana.email, "password": PASSWORD})
    assert login.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/api/videos", "/health", "/nowhere", "/api/auth/login"])
def test_no_other_origin_is_let_in(client: FlaskClient, path: str) -> None:
    evil = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    preflight = client.options(path, headers=evil)
    assert (preflight.status_code, preflight.data) == (204, b"")
    for answer in (preflight, client.get(path, headers=evil)):
        assert not [name for name in dict(answer.headers) if name.startswith("Access-Control-")]


@pytest.mark.parametrize("given", ["Root=1-67891233-abcdef012345678912345678", "a" * 128])
def test_a_request_keeps_its_id(client: FlaskClient, given: str) -> None:
    assert client.get("/health", headers={"X-Request-Id": given}).headers["X-Request-Id"] == given


@pytest.mark.parametrize("given", ["", "a b", "a" * 129, "<script>", 'x"y', "é"])
def test_an_id_that_could_do_harm_is_replaced(client: FlaskClient, given: str) -> None:
    answer = client.get("/health", environ_overrides={"HTTP_X_REQUEST_ID": given.encode().decode("latin-1")})
    assert len(answer.headers["X-Request-Id"]) == 32


@pytest.mark.parametrize(("hops", "address"), [(0, "127.0.0.1"), (1, "9.9.9.9"), (2, "6.6.6.6")])
def test_only_what_our_own_proxies_say_of_the_client_is_believed(
    start_app: Callable[[PortalEnvironment], Flask], portal_environment: PortalEnvironment, hops: int, address: str
) -> None:
    app = start_app(dataclasses.replace(portal_environment, proxy_hops=hops))
    with capture_logs() as lines:
        app.test_client().post(
            "/api/auth/login",
            json={"email": "nobody@example.com", "password": PASSWORD},
            headers={"X-Forwarded-For": "6.6.6.6, 9.9.9.9"},
        )
    assert [line["address"] for line in lines if line["event"] == "login failed"] == [address]


def test_sign_ins_are_logged_and_their_secrets_are_not(people: People) -> None:
    ana = people.new()
    with capture_logs() as lines:
        token = people.sign_in(ana.email)
        ana.client.post("/api/auth/login", json={"email": ana.email, "password": "wrong password\nforged line"})
        ana.client.post("/api/auth/login", json={"email": "nobody@example.com", "password": "x"})
    assert [(line["event"], line["user_id"]) for line in lines if line["event"] != "request"] == [
        ("login ok", ana.id),
        ("login failed", ana.id),
        ("login failed", None),
    ]
    assert all(secret not in str(lines) for secret in (PASSWORD, "wrong password", token, ana.email))
