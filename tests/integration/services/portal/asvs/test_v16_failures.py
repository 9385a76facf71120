"""ASVS 5.0, section 16.5: failures are reported in general terms, grant no access and stay isolated."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Engine

from services.environment import PortalEnvironment

from ..direct import CLIP, UPLOADS, rows
from ..people import PASSWORD, People, PortalUser, registration
from ..videos import Videos
from .routes import Route, routes
from .test_v8_access import ACCESS, Audience

DOWN = {"message": "", "error": "Service temporarily unavailable"}
INTERNAL_WORDS = ("Traceback", "psycopg", "botocore", "Errno", "refused", "arn:", "sqlalchemy", "secretsmanager")
#: Routes that need no other service, so they work without the database.
INDEPENDENT = {"static", "health.health", "docs.show", "docs.openapi", "language.choose", "accounts.login"}
AppWithout = Callable[[str], Flask]


def assert_no_internals(text: str, environment: PortalEnvironment, where: object) -> None:
    deployment_values = (
        environment.database_host,
        environment.database_name,
        environment.queue_url,
        environment.token_secret_arn,
    )
    assert [word for word in (*INTERNAL_WORDS, *deployment_values) if word in text] == [], where


def send_authenticated(
    app: Flask, route: Route, person: PortalUser, cookie: str, csrf: str
) -> list[tuple[int, str, object]]:
    """Send a request by token and by session; return status, text and JSON of each response."""
    answers = []
    body = {**registration(), "email": person.email, "password": PASSWORD, "reason": "x", "numbers": [1], "size": 9}
    body |= {"title": "Triple doble", "filename": "play.mp4", "current_password": PASSWORD, "network": None}
    for headers in (dict(person.headers), {"X-CSRF-TOKEN": csrf}):
        client = app.test_client()
        if "X-CSRF-TOKEN" in headers:
            client.set_cookie("session", cookie)
        answer = client.open(route.path(), method=route.method, headers=headers, json=body)
        answers.append((answer.status_code, answer.text, answer.json if answer.is_json else None))
    return answers


@pytest.mark.asvs("16.5.3")
def test_nobody_gets_access_without_the_database(
    app_without: AppWithout, portal_environment: PortalEnvironment, moderator: PortalUser, people: People
) -> None:
    """Even a moderator's valid token and session are rejected: neither can be looked up."""
    browser, csrf = people.browser(moderator)
    session = browser.get_cookie("session")
    assert session is not None
    app, refused = app_without("database"), 0
    for route in routes(app):
        if ACCESS[route.endpoint] in (Audience.SIGNED_IN, Audience.MODERATORS):
            for status, text, body in send_authenticated(app, route, moderator, session.value, csrf):
                assert status == 503 and body in (DOWN, None), (route, status)
                assert_no_internals(text, portal_environment, route)
                refused += 1
            anonymous = app.test_client().open(route.path(), method=route.method)
            assert anonymous.status_code in (303, 401, 503), (route, anonymous.status_code)
    assert refused > 60


@pytest.mark.asvs("16.5.1")
def test_public_routes_return_503_without_the_database(
    app_without: AppWithout, portal_environment: PortalEnvironment, people: People
) -> None:
    ana = people.new()
    app, failed = app_without("database"), set()
    for route in routes(app):
        if ACCESS[route.endpoint] is Audience.ANYONE:
            for status, text, body in send_authenticated(app, route, ana, "", ""):
                if status >= 400:
                    assert_no_internals(text, portal_environment, route)
                if status >= 500:
                    assert status == 503 and body in (DOWN, None), (route, status)
                    failed.add(route.endpoint)
            if route.endpoint in INDEPENDENT:
                assert app.test_client().open(route.path(), method=route.method).status_code < 500, route
    assert {"auth.login", "auth.signup", "accounts.enter", "accounts.create", "public.list_public"} <= failed


@pytest.mark.asvs("16.5.1")
def test_routes_return_503_without_the_database_secret(
    app_without: AppWithout, portal_environment: PortalEnvironment
) -> None:
    app = app_without("secrets_manager")
    for method, path, body in (
        ("POST", "/api/auth/login", {"email": "ana@example.com", "password": PASSWORD}),
        ("GET", "/api/public/videos", None),
        ("GET", "/media/00000000-0000-4000-8000-000000000000/video.mp4", None),
    ):
        answer = app.test_client().open(path, method=method, json=body)
        assert (answer.status_code, answer.json) == (503, DOWN), path
    assert app.test_client().get("/health").status_code == 200


@pytest.mark.asvs("16.5.2")
@pytest.mark.parametrize("service", ["s3", "sqs"])
def test_other_routes_work_without_s3_or_sqs(
    app_without: AppWithout, people: People, videos: Videos, engine: Engine, service: str
) -> None:
    """Only routes that write to or read from the bucket fail."""
    ana, eva = people.new(), people.new()
    video_id = videos.published(ana)
    client = app_without(service).test_client()
    for method, path in (
        ("GET", "/api/public/videos"), ("GET", "/api/public/rankings"), ("GET", "/api/videos"),
        ("GET", f"/media/{video_id}/video.mp4"), ("POST", f"/api/public/videos/{video_id}/vote"),
        ("GET", "/api/user/votes"), ("GET", "/gallery"), ("GET", f"/videos/{video_id}"), ("GET", "/my-videos"),
    ):  # fmt: skip
        answer = client.open(path, method=method, headers=eva.headers)
        assert answer.status_code in (200, 302), (path, answer.text)
    upload = {"title": "Triple doble", "filename": "play.mp4", "size": len(CLIP)}
    answer = client.post(UPLOADS, headers=eva.headers, json=upload)
    if service == "s3":
        assert (answer.status_code, answer.json) == (503, DOWN)
    assert answer.status_code == (503 if service == "s3" else 201)
    assert (rows(engine, "votes"), rows(engine, "uploads")) == (1, 0 if service == "s3" else 1)
