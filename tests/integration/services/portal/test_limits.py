"""Rate limits of sign-ins, sign-ups, uploads and votes: 429 with Retry-After, shared by all processes."""

from __future__ import annotations

import dataclasses
import io
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from services.portal import accounts_service
from services.portal.http import limits
from services.shared.rate_limits import Limit
from workspace.ports import free_port

from .people import PASSWORD, People, PortalUser, registration
from .process import PortalProcess
from .site import PortalSite
from .videos import Videos

LOGIN, SIGNUP = "/api/auth/login", "/api/auth/signup"
TOO_MANY = {"message": "", "error": "Too many requests, try again later"}
CLIP = {"title": "Triple doble", "filename": "play.mp4", "size": 1000}


def exhaust_limit(engine: Engine, limit: Limit, subject: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO rate_limits VALUES (:key, now() + interval '1 day')"), {"key": f"{limit.name}:{subject}"}
        )


def assert_refused(answer: TestResponse, seconds: int = 86_400) -> None:
    assert (answer.status_code, answer.json) == (429, TOO_MANY)
    assert 1 <= int(answer.headers["Retry-After"]) <= seconds


def guess(client: FlaskClient, email: str, address: str = "192.0.2.1", password: str = "a wrong guess") -> TestResponse:
    return client.post(LOGIN, json={"email": email, "password": password}, environ_overrides={"REMOTE_ADDR": address})


@pytest.fixture
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare passwords without hashing: these tests only count attempts."""
    monkeypatch.setattr(
        accounts_service, "password_matches", lambda stored, password: bool(stored) and password == PASSWORD
    )


@pytest.mark.asvs("2.4.1")
@pytest.mark.usefixtures("quick_passwords")
@pytest.mark.parametrize("email", ["person1@example.com", "unknown@example.com"])
def test_twenty_wrong_passwords_block_the_right_one_too(client: FlaskClient, people: People, email: str) -> None:
    people.new()
    assert [guess(client, email).status_code for _ in range(20)] == [401] * 20
    assert_refused(guess(client, email), seconds=30)
    assert_refused(guess(client, email, password=PASSWORD), seconds=30)
    assert_refused(guess(client, email.upper()), seconds=30)


@pytest.mark.asvs("6.3.1")
@pytest.mark.usefixtures("quick_passwords")
def test_owner_can_sign_in_from_another_address(client: FlaskClient, people: People) -> None:
    ana = people.new()
    for _ in range(21):
        guess(client, ana.email)
    assert guess(client, ana.email, "192.0.2.2", PASSWORD).status_code == 200


@pytest.mark.usefixtures("quick_passwords")
def test_successful_sign_ins_are_not_counted(people: People, engine: Engine) -> None:
    ana = people.new()
    for _ in range(25):
        people.sign_in(ana.email)
    with engine.connect() as connection:
        charged = connection.execute(
            text("SELECT count(*) FROM rate_limits WHERE free_at > now() AND key LIKE 'sign-in%'")
        )
        assert charged.scalar_one() == 0


@pytest.mark.asvs("6.3.1")
@pytest.mark.usefixtures("quick_passwords")
def test_guesses_from_many_addresses_count_per_account(client: FlaskClient, people: People) -> None:
    ana = people.new()
    start = time.monotonic()
    answers = [guess(client, ana.email, f"192.0.2.{number}").status_code for number in range(150)]
    granted_again = (time.monotonic() - start) / limits.SIGN_IN_ACCOUNT.seconds_each
    assert answers[:100] == [401] * 100
    assert 100 <= answers.count(401) <= 100 + granted_again


@pytest.mark.asvs("6.3.1")
def test_guesses_at_many_accounts_count_per_address(client: FlaskClient, engine: Engine) -> None:
    exhaust_limit(engine, limits.SIGN_IN_ADDRESS, "192.0.2.1")
    assert_refused(guess(client, "unknown@example.com"))
    assert guess(client, "unknown@example.com", "192.0.2.2").status_code == 401


@pytest.mark.parametrize(
    ("address", "counts_as"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("no address", "unknown"),
        ("", "unknown"),
    ],
)
def test_ipv6_addresses_count_per_64_prefix(app: Flask, address: str, counts_as: str) -> None:
    with app.test_request_context(environ_overrides={"REMOTE_ADDR": address}):
        assert limits.network() == counts_as


@pytest.mark.asvs("2.4.1")
def test_sign_ups_per_address_are_limited(client: FlaskClient, engine: Engine) -> None:
    exhaust_limit(engine, limits.SIGN_UP, "127.0.0.1")
    assert_refused(client.post(SIGNUP, json=registration()))
    answer = client.post(SIGNUP, json=registration(), environ_overrides={"REMOTE_ADDR": "192.0.2.9"})
    assert answer.status_code == 201


@pytest.mark.asvs("2.4.1")
def test_form_and_direct_uploads_share_one_limit(people: People, engine: Engine) -> None:
    ana, eva = people.new(), people.new()
    exhaust_limit(engine, limits.UPLOAD, str(ana.id))
    assert_refused(ana.post("/api/videos/uploads", json=CLIP))
    form = {"title": "Triple doble", "video_file": (io.BytesIO(b"clip"), "play.mp4")}
    assert_refused(ana.post("/api/videos/upload", data=form))
    assert ana.get("/api/videos").json == []
    assert eva.post("/api/videos/uploads", json=CLIP).status_code == 201


@pytest.mark.asvs("2.4.1")
def test_votes_per_account_are_limited(people: People, videos: Videos, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rejected votes count too; the next test covers the configured numbers."""
    monkeypatch.setattr(limits, "VOTE", Limit("vote", at_once=3, seconds_each=3600))
    ana, eva = people.new(), people.new()
    path = f"/api/public/videos/{videos.published(ana)}/vote"
    assert [eva.post(path).status_code for _ in range(3)] == [200, 400, 400]
    for answer in (eva.post(path), eva.delete(path)):
        assert_refused(answer, 1)
    assert ana.post(path).json == {"message": "", "error": "You cannot vote for your own video"}


@pytest.mark.asvs("2.4.1")
def test_page_votes_and_retractions_are_limited(
    people: People, videos: Videos, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "VOTE", Limit("vote", at_once=2, seconds_each=3600))
    path = f"/videos/{videos.published(people.new())}"
    browser, csrf = people.browser(people.new())
    form = {"csrf_token": csrf}
    assert [browser.post(f"{path}/{action}", data=form).status_code for action in ("vote", "retract")] == [303, 303]
    for action in ("vote", "retract"):
        answer = browser.post(f"{path}/{action}", data=form)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")


def test_vote_bursts_are_limited(app: Flask) -> None:
    votes = limits.VoteLimiter()
    with app.test_request_context():
        for _ in range(limits.VOTE.at_once):
            votes.check(1)
        with pytest.raises(limits.LimitReached):
            for _ in range(limits.VOTE.at_once):
                votes.check(1)
        votes.check(2)


def test_limit_page_is_in_the_chosen_language(client: FlaskClient, engine: Engine) -> None:
    exhaust_limit(engine, limits.SIGN_IN_ADDRESS, "127.0.0.1")
    form = {"email": "ana@example.com", "password": "x"}
    for language, sentence in (
        ("es", "Lo intentaste demasiadas veces en poco tiempo."),
        ("en", "That was tried too often in a short time."),
    ):
        client.set_cookie("language", language)
        answer = client.post("/login", data=form)
        assert answer.status_code == 429
        assert sentence in answer.text
        assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.asvs("2.4.1")
def test_two_portals_share_one_limit(site: PortalSite, tmp_path: Path) -> None:
    ana = site.new_user()
    second = PortalProcess(dataclasses.replace(site.environment, portal_port=free_port()), tmp_path / "log", {})
    try:
        second.wait_until_healthy()
        assert_shared_limit([site.portal, second], ana)
    finally:
        second.kill()


def assert_shared_limit(portals: list[PortalProcess], ana: PortalUser) -> None:
    before, start = [len(portal.log_lines("limit reached")) for portal in portals], time.monotonic()

    def guess_at(number: int) -> int:
        login = {"email": ana.email, "password": "a wrong guess"}
        return requests.post(f"{portals[number % 2].url}{LOGIN}", json=login, timeout=60).status_code

    with ThreadPoolExecutor(12) as threads:
        statuses = list(threads.map(guess_at, range(60)))
    # On a busy machine a new database connection may time out: 503, and the attempt may have been counted.
    timed_out = statuses.count(503)
    assert set(statuses) - {503} == {401, 429}
    granted_again = (time.monotonic() - start) / limits.SIGN_IN_HERE.seconds_each
    assert 20 - timed_out <= statuses.count(401) <= 20 + granted_again
    reached = [
        line
        for portal, offset in zip(portals, before, strict=True)
        for line in portal.log_lines("limit reached")[offset:]
    ]
    assert {line["limit"] for line in reached} == {"sign-in-here"}
    assert all(line["request_id"] and line["address"] == "127.0.0.1" for line in reached)


def test_limits_are_immutable() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        limits.SIGN_UP.at_once = 1  # type: ignore[misc]
