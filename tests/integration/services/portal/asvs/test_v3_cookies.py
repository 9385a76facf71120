"""ASVS 5.0, chapter 3, part 3: every cookie belongs to this host, travels encrypted, and is not for scripts."""

from __future__ import annotations

from http.cookies import Morsel, SimpleCookie

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ..people import PASSWORD, registration

KINDS = {"session", "csrf", "language", "notice"}
HTTPS = "https://localhost"


@pytest.fixture
def visited(secure: Flask) -> tuple[FlaskClient, list[Morsel[str]]]:
    """A browser that signed up, in and out, chose a language and read a notice; and all the cookies it was given."""
    client = secure.test_client()
    form = {**registration(), "password": PASSWORD}
    given: list[Morsel[str]] = []
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
            given += SimpleCookie(line).values()
    return client, given


@pytest.mark.asvs("3.3.1")
def test_every_cookie_is_sent_over_https_alone_and_for_all_paths(
    visited: tuple[FlaskClient, list[Morsel[str]]],
) -> None:
    _, given = visited
    assert {cookie.key for cookie in given} == {f"__Host-{kind}" for kind in KINDS}
    for cookie in given:
        assert cookie["secure"] and cookie["path"] == "/" and not cookie["domain"], cookie


@pytest.mark.asvs("3.3.2")
def test_no_cookie_goes_along_with_another_sites_form(visited: tuple[FlaskClient, list[Morsel[str]]]) -> None:
    assert {cookie["samesite"] for cookie in visited[1]} == {"Lax"}


@pytest.mark.asvs("3.3.3")
def test_a_cookie_of_another_host_is_not_believed(
    secure: Flask, visited: tuple[FlaskClient, list[Morsel[str]]]
) -> None:
    """A neighbour under the same domain can set cookies for ours, but none whose name begins with __Host-."""
    mine, _ = visited
    session = mine.get_cookie("__Host-session")
    assert session is not None
    victim = secure.test_client()
    for name, value in (("session", session.value), ("language", "en"), ("notice", "welcome")):
        victim.set_cookie(name, value)
    assert victim.get("/api/auth/profile", base_url=HTTPS).status_code == 401
    page = victim.get("/login", base_url=HTTPS).text
    assert '<html lang="es"' in page and "¡Bienvenid" not in page
    assert mine.get("/api/auth/profile", base_url=HTTPS).status_code == 200


@pytest.mark.asvs("3.3.4")
def test_scripts_read_the_csrf_token_and_nothing_else(visited: tuple[FlaskClient, list[Morsel[str]]]) -> None:
    client, given = visited
    assert {cookie.key for cookie in given if not cookie["httponly"]} == {"__Host-csrf"}
    session = client.get_cookie("__Host-session")
    assert session is not None
    for path in ("/", "/gallery", "/profile", "/upload", "/my-videos", "/api/auth/profile", "/api/auth/sessions"):
        assert session.value not in client.get(path, base_url=HTTPS).text, path


@pytest.mark.asvs("3.3.1")
def test_without_https_only_what_browsers_would_refuse_is_left_out(client: FlaskClient) -> None:
    answer = client.post("/signup", data=registration())
    given = {line.split("=")[0]: line for line in answer.headers.getlist("Set-Cookie")}
    assert given["session"].endswith("; HttpOnly; Path=/; SameSite=Lax")
    assert given["csrf"].endswith("; Path=/; SameSite=Lax") and "Secure" not in str(given)
