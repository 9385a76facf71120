"""ASVS 5.0, chapter 16, part 5: what fails says so in general, lets nobody in, and takes nothing else along."""

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
from .test_v8_access import DECIDED, Who

DOWN = {"message": "", "error": "Service temporarily unavailable"}
INSIDE = ("Traceback", "psycopg", "botocore", "Errno", "refused", "arn:", "sqlalchemy", "secretsmanager")
#: To strangers they are shown all the same: they ask no other service.
BY_ITSELF = {"static", "health.health", "docs.show", "docs.openapi", "language.choose", "accounts.login"}
AppWithout = Callable[[str], Flask]


def assert_tells_nothing(text: str, environment: PortalEnvironment, where: object) -> None:
    ours = (environment.database_host, environment.database_name, environment.queue_url, environment.token_secret_arn)
    assert [word for word in (*INSIDE, *ours) if word in text] == [], where


def asked(app: Flask, route: Route, person: PortalUser, cookie: str, csrf: str) -> list[tuple[int, str, object]]:
    """What a route answers to somebody by their token and by their session: status, text and JSON."""
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
def test_without_the_database_nobody_is_let_in_anywhere(
    app_without: AppWithout, portal_environment: PortalEnvironment, moderator: PortalUser, people: People
) -> None:
    """Not even a moderator with a right token and a right session: neither can be looked up."""
    browser, csrf = people.browser(moderator)
    session = browser.get_cookie("session")
    assert session is not None
    app, refused = app_without("database"), 0
    for route in routes(app):
        if DECIDED[route.endpoint] in (Who.SIGNED_IN, Who.MODERATORS):
            for status, text, found in asked(app, route, moderator, session.value, csrf):
                assert status == 503 and found in (DOWN, None), (route, status)
                assert_tells_nothing(text, portal_environment, route)
                refused += 1
            stranger = app.test_client().open(route.path(), method=route.method)
            assert stranger.status_code in (303, 401, 503), (route, stranger.status_code)
    assert refused > 60


@pytest.mark.asvs("16.5.1")
def test_without_the_database_everybody_is_told_so_in_general(
    app_without: AppWithout, portal_environment: PortalEnvironment, people: People
) -> None:
    ana = people.new()
    app, told = app_without("database"), set()
    for route in routes(app):
        if DECIDED[route.endpoint] is Who.ANYONE:
            for status, text, found in asked(app, route, ana, "", ""):
                if status >= 400:
                    assert_tells_nothing(text, portal_environment, route)
                if status >= 500:
                    assert status == 503 and found in (DOWN, None), (route, status)
                    told.add(route.endpoint)
            if route.endpoint in BY_ITSELF:
                assert app.test_client().open(route.path(), method=route.method).status_code < 500, route
    assert {"auth.login", "auth.signup", "accounts.enter", "accounts.create", "public.list_public"} <= told


@pytest.mark.asvs("16.5.1")
def test_without_the_databases_secret_as_well(app_without: AppWithout, portal_environment: PortalEnvironment) -> None:
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
def test_without_the_bucket_or_the_queue_all_else_goes_on(
    app_without: AppWithout, people: People, videos: Videos, engine: Engine, service: str
) -> None:
    """Nothing waits for what it does not need: of the routes, those alone fail that put or look into the bucket."""
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
