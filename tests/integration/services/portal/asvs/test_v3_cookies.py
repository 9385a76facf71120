"""ASVS 5.0, section 3.3: cookies are bound to this host, sent over HTTPS only and hidden from scripts."""

from __future__ import annotations

from http.cookies import Morsel, SimpleCookie

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ..people import PASSWORD, registration

KINDS = {"session", "csrf", "language", "notice"}
HTTPS = "https://localhost"


@pytest.fixture
def browser_and_cookies(https_app: Flask) -> tuple[FlaskClient, list[Morsel[str]]]:
    """A browser after sign-up, sign-in, sign-out, language choice and a notice, with all cookies that it received."""
    client = https_app.test_client()
    form = {**registration(), "password": PASSWORD}
    cookies: list[Morsel[str]] = []
    for method, path in (
        ("POST", "/signup"),
        ("POST", "/login"),
        ("POST", "/language"),
        ("GET", "/gallery"),
        ("POST", "/logout"),
        ("GET", "/profile"),
        ("GET", "/login"),
        ("POST", "/login"),
    ):
        answer = client.open(path, method=method, data={**form, "language": "en"}, base_url=HTTPS)
        assert answer.status_code in (200, 303), path
        for line in answer.headers.getlist("Set-Cookie"):
            cookies += SimpleCookie(line).values()
    return client, cookies


@pytest.mark.asvs("3.3.1")
def test_cookies_are_secure_and_have_the_host_prefix(
    browser_and_cookies: tuple[FlaskClient, list[Morsel[str]]],
) -> None:
    _, cookies = browser_and_cookies
    assert {cookie.key for cookie in cookies} == {f"__Host-{kind}" for kind in KINDS}
    for cookie in cookies:
        assert cookie["secure"] and cookie["path"] == "/" and not cookie["domain"], cookie


@pytest.mark.asvs("3.3.2")
def test_cookies_are_same_site_lax(browser_and_cookies: tuple[FlaskClient, list[Morsel[str]]]) -> None:
    assert {cookie["samesite"] for cookie in browser_and_cookies[1]} == {"Lax"}


@pytest.mark.asvs("3.3.3")
def test_cookies_without_host_prefix_are_ignored(
    https_app: Flask, browser_and_cookies: tuple[FlaskClient, list[Morsel[str]]]
) -> None:
    """A sibling host of the same domain can set cookies for this host, but none with the __Host- prefix."""
    own_browser, _ = browser_and_cookies
    session = own_browser.get_cookie("__Host-session")
    assert session is not None
    victim = https_app.test_client()
    for name, value in (("session", session.value), ("language", "en"), ("notice", "welcome")):
        victim.set_cookie(name, value)
    assert victim.get("/api/auth/profile", base_url=HTTPS).status_code == 401
    page = victim.get("/login", base_url=HTTPS).text
    assert '<html lang="es"' in page and "¡Bienvenid" not in page
    assert own_browser.get("/api/auth/profile", base_url=HTTPS).status_code == 200


@pytest.mark.asvs("3.3.4")
def test_scripts_can_read_only_the_csrf_cookie(browser_and_cookies: tuple[FlaskClient, list[Morsel[str]]]) -> None:
    client, cookies = browser_and_cookies
    assert {cookie.key for cookie in cookies if not cookie["httponly"]} == {"__Host-csrf"}
    session = client.get_cookie("__Host-session")
    assert session is not None
    for path in ("/", "/gallery", "/profile", "/upload", "/my-videos", "/api/auth/profile", "/api/auth/sessions"):
        assert session.value not in client.get(path, base_url=HTTPS).text, path


@pytest.mark.asvs("3.3.1")
def test_http_cookies_lack_only_secure_and_host_prefix(client: FlaskClient) -> None:
    answer = client.post("/signup", data=registration())
    cookies = {line.split("=")[0]: line for line in answer.headers.getlist("Set-Cookie")}
    assert cookies["session"].endswith("; HttpOnly; Path=/; SameSite=Lax")
    assert cookies["csrf"].endswith("; Path=/; SameSite=Lax") and "Secure" not in str(cookies)
