"""CORS: only exactly listed origins may call the API; other origins get no CORS headers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.environment import PortalEnvironment

from .people import People

FRONTEND = "https://front.example"
LOCAL = "http://localhost:5173"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


def cors_headers(headers: object) -> dict[str, str]:
    return {name: value for name, value in dict(headers).items() if name.startswith("Access-Control-")}  # type: ignore[call-overload]


@pytest.fixture
def app_with_origins(start_app: Callable[[PortalEnvironment], Flask], portal_environment: PortalEnvironment) -> Flask:
    """An application with two allowed origins."""
    return start_app(dataclasses.replace(portal_environment, cors_origins=(FRONTEND, LOCAL)))


@pytest.mark.parametrize("origin", [FRONTEND, LOCAL])
def test_listed_origin_gets_cors_headers(app_with_origins: Flask, origin: str) -> None:
    client = app_with_origins.test_client()
    preflight = client.options("/api/auth/login", headers={"Origin": origin, **PREFLIGHT})
    assert (preflight.status_code, preflight.data) == (204, b"")
    granted = cors_headers(preflight.headers)
    assert granted["Access-Control-Allow-Origin"] == origin
    assert granted["Access-Control-Allow-Credentials"] == "true"
    assert {"GET", "POST", "PUT", "DELETE"} <= set(granted["Access-Control-Allow-Methods"].split(", "))
    names = granted["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"authorization", "content-type", "x-csrf-token"} <= set(names)
    answer = client.get("/api/public/videos", headers={"Origin": origin})
    assert answer.status_code == 200
    assert cors_headers(answer.headers)["Access-Control-Allow-Origin"] == origin
    assert "Origin" in answer.headers["Vary"]


def test_error_responses_carry_cors_headers(app_with_origins: Flask) -> None:
    client = app_with_origins.test_client()
    for path in ("/api/videos", "/api/nothing", "/media/7/video.mp4"):
        answer = client.get(path, headers={"Origin": FRONTEND})
        assert answer.status_code in (401, 404)
        assert cors_headers(answer.headers)["Access-Control-Allow-Origin"] == FRONTEND


@pytest.mark.asvs("3.4.2")
@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://front.example.evil.example",
        "https://evil-front.example",
        "https://sub.front.example",
        "http://front.example",
        "https://front.example:8443",
        "https://FRONT.example",
        "http://localhost:5174",
        "null",
        "",
    ],
)
def test_unlisted_origin_gets_no_cors_headers(app_with_origins: Flask, origin: str) -> None:
    client = app_with_origins.test_client()
    preflight = client.options("/api/auth/login", headers={"Origin": origin, **PREFLIGHT})
    answer = client.get("/api/public/videos", headers={"Origin": origin})
    assert (preflight.status_code, answer.status_code) == (204, 200)
    assert cors_headers(preflight.headers) == cors_headers(answer.headers) == {}
    # Without Vary, a cache would serve this response to the listed origin.
    assert "Origin" in answer.headers["Vary"]


def test_request_without_origin_gets_no_cors_headers(app_with_origins: Flask) -> None:
    answer = app_with_origins.test_client().get("/api/public/videos")
    assert cors_headers(answer.headers) == {} and "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize("path", ["/", "/login", "/health", "/swagger/doc.json", "/static/logo.svg"])
def test_pages_carry_no_cors_headers(app_with_origins: Flask, path: str) -> None:
    assert cors_headers(app_with_origins.test_client().get(path, headers={"Origin": FRONTEND}).headers) == {}


@pytest.mark.asvs("3.5.1")
def test_listed_origin_still_needs_the_csrf_token(app_with_origins: Flask) -> None:
    people = People(app_with_origins)
    browser, csrf = people.browser(people.new())
    assert browser.post("/api/auth/logout", headers={"Origin": FRONTEND}).status_code == 403
    assert browser.post("/api/auth/logout", headers={"Origin": FRONTEND, "X-CSRF-TOKEN": csrf}).status_code == 200


def test_no_origin_is_allowed_by_default(client: FlaskClient) -> None:
    assert cors_headers(client.get("/api/public/videos", headers={"Origin": FRONTEND}).headers) == {}
