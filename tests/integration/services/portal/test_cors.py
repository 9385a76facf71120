"""Other origins: those that are listed may call the API, exactly as listed; the others are told nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.environment import PortalEnvironment

from .people import People

FRONT = "https://front.example"
LOCAL = "http://localhost:5173"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


def allowed(headers: object) -> dict[str, str]:
    return {name: value for name, value in dict(headers).items() if name.startswith("Access-Control-")}  # type: ignore[call-overload]


@pytest.fixture
def listing(start_app: Callable[[PortalEnvironment], Flask], portal_environment: PortalEnvironment) -> Flask:
    """An application that lets two origins in."""
    return start_app(dataclasses.replace(portal_environment, cors_origins=(FRONT, LOCAL)))


@pytest.mark.parametrize("origin", [FRONT, LOCAL])
def test_a_listed_origin_may_ask_and_read(listing: Flask, origin: str) -> None:
    client = listing.test_client()
    preflight = client.options("/api/auth/login", headers={"Origin": origin, **PREFLIGHT})
    assert (preflight.status_code, preflight.data) == (204, b"")
    told = allowed(preflight.headers)
    assert told["Access-Control-Allow-Origin"] == origin
    assert told["Access-Control-Allow-Credentials"] == "true"
    assert {"GET", "POST", "PUT", "DELETE"} <= set(told["Access-Control-Allow-Methods"].split(", "))
    names = told["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"authorization", "content-type", "x-csrf-token"} <= set(names)
    answer = client.get("/api/public/videos", headers={"Origin": origin})
    assert answer.status_code == 200
    assert allowed(answer.headers)["Access-Control-Allow-Origin"] == origin
    assert "Origin" in answer.headers["Vary"]


def test_its_errors_can_be_read_too(listing: Flask) -> None:
    client = listing.test_client()
    for path in ("/api/videos", "/api/nothing", "/media/7/video.mp4"):
        answer = client.get(path, headers={"Origin": FRONT})
        assert answer.status_code in (401, 404)
        assert allowed(answer.headers)["Access-Control-Allow-Origin"] == FRONT


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
def test_any_other_origin_is_told_nothing(listing: Flask, origin: str) -> None:
    client = listing.test_client()
    preflight = client.options("/api/auth/login", headers={"Origin": origin, **PREFLIGHT})
    answer = client.get("/api/public/videos", headers={"Origin": origin})
    assert (preflight.status_code, answer.status_code) == (204, 200)
    assert allowed(preflight.headers) == allowed(answer.headers) == {}
    # A cache that kept this answer would hand it to the origin that is listed.
    assert "Origin" in answer.headers["Vary"]


def test_without_an_origin_nothing_is_told_either(listing: Flask) -> None:
    answer = listing.test_client().get("/api/public/videos")
    assert allowed(answer.headers) == {} and "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize("path", ["/", "/login", "/health", "/swagger/doc.json", "/static/logo.svg"])
def test_pages_are_nobody_elses_to_read(listing: Flask, path: str) -> None:
    assert allowed(listing.test_client().get(path, headers={"Origin": FRONT}).headers) == {}


@pytest.mark.asvs("3.5.1")
def test_a_listed_origin_needs_the_csrf_token_too(listing: Flask) -> None:
    people = People(listing)
    browser, csrf = people.browser(people.new())
    assert browser.post("/api/auth/logout", headers={"Origin": FRONT}).status_code == 403
    assert browser.post("/api/auth/logout", headers={"Origin": FRONT, "X-CSRF-TOKEN": csrf}).status_code == 200


def test_nobody_is_listed_unless_an_operator_lists_them(client: FlaskClient) -> None:
    assert allowed(client.get("/api/public/videos", headers={"Origin": FRONT}).headers) == {}
