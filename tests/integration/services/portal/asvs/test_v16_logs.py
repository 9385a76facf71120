"""ASVS 5.0, chapter 16: security events are logged, log lines cannot be forged and hold no secrets."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from services.portal.resources import resources_of

from ..people import PASSWORD, People, PortalUser, registration
from ..site import PortalSite
from ..videos import Videos
from .routes import routes

NEW = "a new and longer password"
WRONG = "a wrong guess"
FORGED = 'Ana\r\n{"event": "login ok", "user_id": 1}\u2028\x1b[2J'


@pytest.mark.asvs("16.2.1")
def test_log_line_has_time_place_user_and_event(site: PortalSite) -> None:
    portal, ana = site.portal, site.new_user()
    for password, request_id in ((PASSWORD, "r1"), (WRONG, "r2")):
        login = {"email": ana.email, "password": password}
        # The logged address is that of the connection, not of forged headers.
        headers = {"X-Request-Id": request_id, "X-Forwarded-For": "198.51.100.7", "X-Real-IP": "198.51.100.7"}
        answer = requests.post(f"{portal.url}/api/auth/login", json=login, headers=headers, timeout=60)
        assert answer.headers["X-Request-Id"] == request_id
    for event, level, request_id in (("login ok", "info", "r1"), ("login failed", "warning", "r2")):
        (line,) = [line for line in portal.log_lines(event) if line["user_id"] == ana.id]
        assert datetime.fromisoformat(line.pop("timestamp")).utcoffset() == timedelta(0)
        assert line.pop("logger").startswith("services.portal.")
        assert line == {
            "service": "portal", "event": event, "level": level, "request_id": request_id, "user_id": ana.id,
            "address": "127.0.0.1",
        }  # fmt: skip
        assert [line["status"] for line in portal.log_lines("request") if line["request_id"] == request_id] == [
            200 if event == "login ok" else 401
        ]


@pytest.mark.asvs("16.3.1")
def test_successful_and_failed_sign_ins_are_logged(people: People) -> None:
    ana = people.new()
    with capture_logs() as lines:
        people.sign_in(ana.email)
        for path, arguments in (("/api/auth/login", "json"), ("/login", "data")):
            for email in (ana.email, "unknown@example.com"):
                ana.client.post(path, **{arguments: {"email": email, "password": WRONG}})
    assert [(line["event"], line["user_id"]) for line in lines if line["event"] != "request"] == [
        ("login ok", ana.id),
        *[("login failed", ana.id), ("login failed", None)] * 2,
    ]


@pytest.mark.asvs("16.3.1")
def test_account_events_are_logged(client: FlaskClient, people: People, engine: Engine) -> None:
    ana = people.new()
    here, csrf = people.browser(ana)
    people.browser(ana)
    people.browser(ana)
    headers = {"X-CSRF-TOKEN": csrf}
    change = {"current_password": PASSWORD, "password1": NEW, "password2": NEW}
    with capture_logs() as lines:
        sessions = here.get("/api/auth/sessions").json
        assert sessions is not None
        here.delete(f"/api/auth/sessions/{sessions[-1]['id']}", headers=headers)
        here.post("/api/auth/password", json={**change, "current_password": WRONG}, headers=headers)
        here.post("/api/auth/password", json=change, headers=headers)
        here.delete("/api/auth/sessions", headers=headers)
        here.post("/logout", data={"csrf_token": csrf})
        with engine.begin() as connection:
            connection.execute(text("UPDATE users SET disabled_at = now()"))
        client.post("/api/auth/login", json={"email": ana.email, "password": NEW})
    events = [line for line in lines if line["event"] != "request"]
    assert [(line["event"], line["user_id"]) for line in events] == [
        ("session revoked", ana.id),
        ("password change refused", ana.id),
        ("password changed", ana.id),
        ("other sessions revoked", ana.id),
        ("session ended", ana.id),
        ("login refused", ana.id),
    ]
    assert events[2]["sessions_ended"] == 1


@pytest.mark.asvs("16.2.5")
@pytest.mark.parametrize("missing", [None, "database"])
def test_log_lines_of_all_routes_hold_no_secrets(
    app: Flask, app_without: Callable[[str], Flask], people: People, videos: Videos, moderator: PortalUser,
    database_url: str, caplog: pytest.LogCaptureFixture, missing: str | None,
) -> None:  # fmt: skip
    ana = people.new()
    browser, csrf = people.browser(ana)
    session = browser.get_cookie("session")
    assert session is not None
    video_id = videos.processed(ana, is_public=False)
    link = str((ana.get(f"/api/videos/{video_id}").json or {})["processed_url"]).split("?key=")[1]
    with app.app_context():
        key = resources_of(app).keys.newest()
    tested_app = app if missing is None else app_without(missing)
    body = {**registration(), "email": ana.email, "password": WRONG, "current_password": PASSWORD, "title": "Título"}
    caplog.set_level(logging.INFO)
    with capture_logs() as lines:
        for route in routes(tested_app):
            for headers in (ana.headers, moderator.headers, {"X-CSRF-TOKEN": csrf}):
                client = tested_app.test_client()
                client.set_cookie("session", session.value)
                path = route.path(video_id=video_id)
                client.open(path, method=route.method, headers=headers, json=body, query_string={"key": link})
    written = f"{lines}{[line['exc_info'] for line in lines if 'exc_info' in line]}{caplog.text}"
    assert len(lines) > 100
    secrets = {
        "password": PASSWORD, "wrong password": WRONG, "token": ana.token, "signature": ana.token.split(".")[2],
        "session": session.value, "csrf": csrf, "link": link, "e-mail": ana.email, "key": key,
        "database": database_url.split(":")[2].split("@")[0],
    }  # fmt: skip
    assert len(secrets["database"]) > 10
    assert [name for name, secret in secrets.items() if secret in written] == []


@pytest.mark.asvs("16.4.1")
def test_requests_cannot_forge_lines_or_leak_secrets(site: PortalSite) -> None:
    portal, ana, url = site.portal, site.new_user(), site.url
    agent = {"User-Agent": "x\ty", "X-Request-Id": 'id" forged'}
    for email in ("forger@example.com", "forger\r\n@example.com"):
        body = registration(first_name=FORGED, email=email)
        requests.post(f"{url}/api/auth/signup", json=body, headers=agent, timeout=60)
    for password in (PASSWORD, "wrong\r\n" + FORGED):
        requests.post(f"{url}/api/auth/login", json={"email": ana.email, "password": password}, timeout=60)
    forged = "%0d%0a%7b%22event%22:%22login%20ok%22%7d"
    for path in (f"/api/videos/{forged}", f"/nowhere/{forged}?city={forged}", "/rankings?city=%00"):
        requests.get(f"{url}{path}", headers={**ana.headers, "Referer": f"http://x/{forged}"}, timeout=60)
    browser = requests.Session()
    browser.post(f"{url}/login", data={"email": ana.email, "password": PASSWORD}, timeout=60)
    cookies = browser.cookies.get_dict()
    browser.post(
        f"{url}/profile/password", data={"csrf_token": cookies["csrf"], "current_password": FORGED}, timeout=60
    )
    browser.post(f"{url}/logout", data={"csrf_token": cookies["csrf"]}, timeout=60)
    # A line is written before the response is sent.
    for event, count in (("login ok", 2), ("login failed", 1)):
        assert len([line for line in portal.log_lines(event) if line["user_id"] == ana.id]) == count
    written = portal.log.read_text()
    for line in written.splitlines():
        entry = json.loads(line)
        assert entry["event"] and entry["service"] == "portal"
    secrets = (
        PASSWORD,
        "wrong\\r\\n",
        ana.token,
        str(cookies["session"]),
        str(cookies["csrf"]),
        ana.token.split(".")[2],
    )
    assert [secret for secret in secrets if secret in written] == []
    assert "\x1b" not in written
