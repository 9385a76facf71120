"""ASVS 5.0, section 13.4: debugging and operator information is not public."""

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

INTERNAL_WORDS = (
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
OPERATOR_PATHS = ("/metrics", "/health/deep")


@pytest.fixture(params=["FLASK_DEBUG", "FLASK_ENV"])
def debug_env_app(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, portal_environment: PortalEnvironment,
    start_app: Callable[..., Flask],
) -> Flask:  # fmt: skip
    """The application with a leftover development variable in its environment."""
    monkeypatch.setenv(request.param, "1" if request.param == "FLASK_DEBUG" else "development")
    return start_app(portal_environment, reuse=False)


@pytest.mark.asvs("13.4.2")
def test_environment_variables_cannot_enable_debugging(debug_env_app: Flask) -> None:
    assert not debug_env_app.debug and not debug_env_app.testing
    assert not debug_env_app.jinja_env.auto_reload


@pytest.mark.asvs("13.4.2")
def test_there_is_no_debug_console(debug_env_app: Flask) -> None:
    client = debug_env_app.test_client()
    assert client.get("/console").status_code == 404
    debugger = {"__debugger__": "yes", "cmd": "resource", "f": "debugger.js", "s": "x", "frm": "0"}
    plain = client.get("/login")
    response = client.get("/login", query_string=debugger)
    assert (response.status_code, response.mimetype) == (plain.status_code, plain.mimetype)
    assert "debugger" not in response.text.replace("__debugger__", "").lower().replace("f=debugger.js", "")


@pytest.mark.asvs("13.4.2")
@pytest.mark.own("database")
def test_server_errors_show_no_stack_trace(
    portal_environment: PortalEnvironment, people: People, videos: Videos, engine: Engine
) -> None:
    """Renamed tables look like a bug to the portal and make most of its routes fail."""
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
            if answer.status_code >= 500 and route.rule not in OPERATOR_PATHS:
                failed.add(route.endpoint)
                assert [word for word in INTERNAL_WORDS if word in answer.text] == [], route
                if answer.is_json:
                    assert answer.json == {"message": "", "error": "Internal server error"}, route
    assert len(failed) > 20, failed
    with app.app_context():
        db.engine.dispose()


@pytest.mark.asvs("13.4.5")
@pytest.mark.parametrize("path", OPERATOR_PATHS)
@pytest.mark.parametrize(
    ("hops", "peer", "forwarded", "visible"),
    [
        (0, "127.0.0.1", None, True),
        (0, "::1", None, True),
        (0, "10.0.1.7", None, False),
        (0, "192.0.2.1", "127.0.0.1", False),
        # Through the load balancer, which appends the client's address.
        (1, "10.0.1.7", "203.0.113.9", False),
        (1, "10.0.1.7", "127.0.0.1, 203.0.113.9", False),
        (1, "10.0.1.7", "::1,203.0.113.9", False),
        # From the load balancer itself, or directly to the instance's address.
        (1, "10.0.1.7", None, False),
        # From the instance itself.
        (1, "127.0.0.1", None, True),
    ],
)
def test_operator_paths_are_visible_only_on_the_instance(
    start_app: Callable[..., Flask], portal_environment: PortalEnvironment, path: str, hops: int, peer: str,
    forwarded: str | None, visible: bool,
) -> None:  # fmt: skip
    app = start_app(dataclasses.replace(portal_environment, proxy_hops=hops))
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    answer = app.test_client().get(path, headers=headers, environ_base={"REMOTE_ADDR": peer})
    assert (answer.status_code != 404) == visible
    if not visible:
        assert answer.json == {"message": "", "error": "404 page not found"}


@pytest.mark.asvs("13.4.5")
def test_public_api_description_reveals_no_deployment_details(
    client: FlaskClient, portal_environment: PortalEnvironment
) -> None:
    """The description is public on purpose: client developers need it."""
    deployment_values = (
        portal_environment.queue_url,
        portal_environment.database_secret_arn,
        portal_environment.token_secret_arn,
        portal_environment.database_name,
        portal_environment.environment_name,
    )
    for path in ("/docs", "/openapi.json", "/swagger/doc.json"):
        answer = client.get(path, environ_overrides={"REMOTE_ADDR": "192.0.2.1"})
        assert answer.status_code == 200
        assert [
            value for value in deployment_values if f'"{value}"' in answer.text or f"/{value}" in answer.text
        ] == [], path


@pytest.mark.asvs("13.4.5")
def test_paths_that_scanners_probe_return_404(client: FlaskClient) -> None:
    for path in (
        "/.env", "/.git/config", "/.git/HEAD", "/server-status", "/debug", "/actuator/health", "/config.json",
        "/static/../../environment.py", "/static/%2e%2e/%2e%2e/environment.py", "/static/", "/translations/es/",
        "/common_passwords.txt", "/admin", "/phpinfo.php", "/robots.txt/../.env",
    ):  # fmt: skip
        assert client.get(path).status_code == 404, path
