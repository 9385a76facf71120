"""ASVS 5.0, chapter 13, part 4: nothing for developers and nothing for operators is shown to the world."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from services.environment import PortalEnvironment
from services.portal import create_app
from services.portal.database import db

from ..people import People, registration
from ..videos import Videos
from .routes import routes

INSIDE = (
    "Traceback",
    "psycopg",
    "sqlalchemy",
    "UndefinedTable",
    "services/",
    'File "',
    "SELECT ",
    "werkzeug",
    "videos_",
)
OPERATORS = ("/metrics", "/health/deep")


@pytest.fixture(params=["FLASK_DEBUG", "FLASK_ENV"])
def told_to_debug(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, portal_environment: PortalEnvironment,
    start_app: Callable[..., Flask],
) -> Flask:  # fmt: skip
    """The application where somebody left a developer's variable on the instance."""
    monkeypatch.setenv(request.param, "1" if request.param == "FLASK_DEBUG" else "development")
    return start_app(portal_environment, reuse=False)


@pytest.mark.asvs("13.4.2")
def test_no_variable_turns_debugging_on(told_to_debug: Flask) -> None:
    assert not told_to_debug.debug and not told_to_debug.testing
    assert not told_to_debug.jinja_env.auto_reload


@pytest.mark.asvs("13.4.2")
def test_there_is_no_console(told_to_debug: Flask) -> None:
    client = told_to_debug.test_client()
    assert client.get("/console").status_code == 404
    debugger = {"__debugger__": "yes", "cmd": "resource", "f": "debugger.js", "s": "x", "frm": "0"}
    plain = client.get("/login")
    asked = client.get("/login", query_string=debugger)
    assert (asked.status_code, asked.mimetype) == (plain.status_code, plain.mimetype)
    assert "debugger" not in asked.text.replace("__debugger__", "").lower().replace("f=debugger.js", "")


@pytest.mark.asvs("13.4.2")
@pytest.mark.own("database")
def test_no_stack_trace_is_shown_when_a_route_fails(
    portal_environment: PortalEnvironment, people: People, videos: Videos, engine: Engine
) -> None:
    """Half of the tables are gone, which is a bug to the portal and makes most of its routes fail."""
    ana = people.new()
    browser, csrf = people.browser(ana)
    video_id = videos.published(ana)
    session = browser.get_cookie("session")
    assert session is not None
    with engine.begin() as connection:
        for table in ("videos", "uploads", "votes", "rate_limits"):
            connection.execute(text(f"ALTER TABLE {table} RENAME TO {table}_gone"))
    app, failed = create_app(portal_environment), set()
    for route in routes(app):
        for headers in (dict(ana.headers), {"X-CSRF-TOKEN": csrf}):
            client = app.test_client()
            if "X-CSRF-TOKEN" in headers:
                client.set_cookie("session", session.value)
            body = registration(title="Triple doble", filename="play.mp4", size=10, password="x" * 9, numbers=[1])
            answer = client.open(route.path(video_id=video_id), method=route.method, headers=headers, json=body)
            if answer.status_code >= 500 and route.rule not in OPERATORS:
                failed.add(route.endpoint)
                assert [word for word in INSIDE if word in answer.text] == [], route
                if answer.is_json:
                    assert answer.json == {"message": "", "error": "Internal server error"}, route
    assert len(failed) > 20, failed
    with app.app_context():
        db.engine.dispose()


@pytest.mark.asvs("13.4.5")
@pytest.mark.parametrize("path", OPERATORS)
@pytest.mark.parametrize(
    ("hops", "peer", "forwarded", "told"),
    [
        (0, "127.0.0.1", None, True),
        (0, "::1", None, True),
        (0, "10.0.1.7", None, False),
        (0, "192.0.2.1", "127.0.0.1", False),
        # Through the load balancer, which appends whom it talks to.
        (1, "10.0.1.7", "203.0.113.9", False),
        (1, "10.0.1.7", "127.0.0.1, 203.0.113.9", False),
        (1, "10.0.1.7", "::1,203.0.113.9", False),
        # The balancer itself, and what asks the instance by its address.
        (1, "10.0.1.7", None, False),
        # On the instance itself.
        (1, "127.0.0.1", None, True),
    ],
)
def test_what_is_for_operators_is_told_on_the_machine_itself_alone(
    start_app: Callable[..., Flask], portal_environment: PortalEnvironment, path: str, hops: int, peer: str,
    forwarded: str | None, told: bool,
) -> None:  # fmt: skip
    app = start_app(dataclasses.replace(portal_environment, proxy_hops=hops))
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    answer = app.test_client().get(path, headers=headers, environ_base={"REMOTE_ADDR": peer})
    assert (answer.status_code != 404) == told
    if not told:
        assert answer.json == {"message": "", "error": "404 page not found"}


@pytest.mark.asvs("13.4.5")
def test_the_apis_description_is_public_because_it_is_meant_to_be(
    client: FlaskClient, portal_environment: PortalEnvironment
) -> None:
    """It is the contract with those who write clients, and tells nothing of this deployment."""
    held = portal_environment
    ours = (held.queue_url, held.database_secret_arn, held.token_secret_arn, held.database_name, held.environment_name)
    for path in ("/docs", "/openapi.json", "/swagger/doc.json"):
        answer = client.get(path, environ_overrides={"REMOTE_ADDR": "192.0.2.1"})
        assert answer.status_code == 200
        assert [value for value in ours if f'"{value}"' in answer.text or f"/{value}" in answer.text] == [], path


@pytest.mark.asvs("13.4.5")
def test_nothing_else_is_served_to_strangers_that_was_not_decided_on(client: FlaskClient) -> None:
    """What scanners ask first."""
    for path in (
        "/.env", "/.git/config", "/.git/HEAD", "/server-status", "/debug", "/actuator/health", "/config.json",
        "/static/../../environment.py", "/static/%2e%2e/%2e%2e/environment.py", "/static/", "/translations/es/",
        "/common_passwords.txt", "/admin", "/phpinfo.php", "/robots.txt/../.env",
    ):  # fmt: skip
        assert client.get(path).status_code == 404, path
