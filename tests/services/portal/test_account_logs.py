"""What is logged of accounts: one JSON line a happening, with ids; never a password, a token or a forged line."""

from __future__ import annotations

import json

import requests
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from .people import PASSWORD, People, registration
from .process import PortalStarter

NEW = "a new and longer password"
FORGED = 'Ana\r\n{"event": "login ok", "user_id": 1}\u2028\x1b[2J'


def test_what_happens_to_an_account_is_logged_with_its_id(client: FlaskClient, people: People, engine: Engine) -> None:
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
        here.post("/api/auth/password", json={**change, "current_password": "a wrong guess"}, headers=headers)
        here.post("/api/auth/password", json=change, headers=headers)
        here.delete("/api/auth/sessions", headers=headers)
        here.post("/logout", data={"csrf_token": csrf})
        with engine.begin() as connection:
            connection.execute(text("UPDATE users SET disabled_at = now()"))
        client.post("/api/auth/login", json={"email": ana.email, "password": NEW})
    happened = [line for line in lines if line["event"] != "request"]
    assert [(line["event"], line["user_id"]) for line in happened] == [
        ("session revoked", ana.id),
        ("password change refused", ana.id),
        ("password changed", ana.id),
        ("other sessions revoked", ana.id),
        ("session ended", ana.id),
        ("login refused", ana.id),
    ]
    assert happened[2]["sessions_ended"] == 1
    assert all(secret not in str(lines) for secret in (PASSWORD, NEW, "a wrong guess", csrf, ana.email))


def test_nothing_that_is_sent_can_forge_a_line_or_leave_a_secret(start_portal: PortalStarter, people: People) -> None:
    portal = start_portal()
    portal.wait_until_it_answers()
    ana = people.new()
    url = portal.url
    agent = {"User-Agent": "x\ty", "X-Request-Id": 'id" forged'}
    for body in (
        registration(first_name=FORGED, email="forger@example.com"),
        registration(first_name=FORGED, email="forger\r\n@example.com"),
    ):
        requests.post(f"{url}/api/auth/signup", json=body, headers=agent, timeout=60)
    for password in (PASSWORD, "wrong\r\n" + FORGED):
        requests.post(f"{url}/api/auth/login", json={"email": ana.email, "password": password}, timeout=60)
    requests.get(f"{url}/api/videos/%0d%0a{{%22event%22:1}}", headers=ana.headers, timeout=60)
    requests.get(f"{url}/rankings?city=%00", headers=ana.headers, timeout=60)
    browser = requests.Session()
    browser.post(f"{url}/login", data={"email": ana.email, "password": PASSWORD}, timeout=60)
    cookies = browser.cookies.get_dict()
    browser.post(
        f"{url}/profile/password", data={"csrf_token": cookies["csrf"], "current_password": FORGED}, timeout=60
    )
    browser.post(f"{url}/logout", data={"csrf_token": cookies["csrf"]}, timeout=60)
    assert len(portal.said("login ok")) == 2 and len(portal.said("login failed")) == 1
    written = portal.log.read_text()
    for line in written.splitlines():
        said = json.loads(line)
        assert said["event"] and said["service"] == "portal"
    secrets = (PASSWORD, "wrong\\r\\n", ana.token, cookies["session"], cookies["csrf"], ana.token.split(".")[2])
    assert [secret for secret in secrets if secret in written] == []
    assert "\x1b" not in written
