"""Limits of sign-ins, sign-ups, uploads and votes: 429, when to try again, and one count for all processes."""

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

from services.portal.accounts import service
from services.portal.http import limits
from services.shared.rate_limits import Limit
from workspace.ports import free_port

from .people import PASSWORD, People, Person, registration
from .process import PortalProcess
from .site import Site
from .videos import Videos

LOGIN, SIGNUP = "/api/auth/login", "/api/auth/signup"
TOO_MANY = {"message": "", "error": "Too many requests, try again later"}
CLIP = {"title": "Triple doble", "filename": "play.mp4", "size": 1000}


def use_up(engine: Engine, limit: Limit, subject: str) -> None:
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
    """Let passwords be compared at once, not by their hashes: what is counted are the attempts."""
    monkeypatch.setattr(service, "password_matches", lambda stored, password: bool(stored) and password == PASSWORD)


@pytest.mark.asvs("2.4.1")
@pytest.mark.usefixtures("quick_passwords")
@pytest.mark.parametrize("email", ["person1@example.com", "nobody@example.com"])
def test_after_twenty_wrong_passwords_even_the_right_one_waits(client: FlaskClient, people: People, email: str) -> None:
    people.new()
    assert [guess(client, email).status_code for _ in range(20)] == [401] * 20
    assert_refused(guess(client, email), seconds=30)
    assert_refused(guess(client, email, password=PASSWORD), seconds=30)
    assert_refused(guess(client, email.upper()), seconds=30)


@pytest.mark.asvs("6.3.1")
@pytest.mark.usefixtures("quick_passwords")
def test_the_owner_signs_in_from_elsewhere_meanwhile(client: FlaskClient, people: People) -> None:
    ana = people.new()
    for _ in range(21):
        guess(client, ana.email)
    assert guess(client, ana.email, "192.0.2.2", PASSWORD).status_code == 200


@pytest.mark.usefixtures("quick_passwords")
def test_sign_ins_that_succeed_are_not_counted(people: People, engine: Engine) -> None:
    ana = people.new()
    for _ in range(25):
        people.sign_in(ana.email)
    with engine.connect() as connection:
        held = connection.execute(
            text("SELECT count(*) FROM rate_limits WHERE free_at > now() AND key LIKE 'sign-in%'")
        )
        assert held.scalar_one() == 0


@pytest.mark.asvs("6.3.1")
@pytest.mark.usefixtures("quick_passwords")
def test_guesses_spread_over_many_addresses_are_counted_together(client: FlaskClient, people: People) -> None:
    ana = people.new()
    begun = time.monotonic()
    answers = [guess(client, ana.email, f"192.0.2.{number}").status_code for number in range(150)]
    granted_again = (time.monotonic() - begun) / limits.SIGN_IN_ACCOUNT.seconds_each
    assert answers[:100] == [401] * 100
    assert 100 <= answers.count(401) <= 100 + granted_again


@pytest.mark.asvs("6.3.1")
def test_many_accounts_tried_from_one_address_are_counted_together(client: FlaskClient, engine: Engine) -> None:
    use_up(engine, limits.SIGN_IN_ADDRESS, "192.0.2.1")
    assert_refused(guess(client, "nobody@example.com"))
    assert guess(client, "nobody@example.com", "192.0.2.2").status_code == 401


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
def test_an_ipv6_address_counts_as_its_customers_network(app: Flask, address: str, counts_as: str) -> None:
    with app.test_request_context(environ_overrides={"REMOTE_ADDR": address}):
        assert limits.network() == counts_as


@pytest.mark.asvs("2.4.1")
def test_sign_ups_from_one_address_are_limited(client: FlaskClient, engine: Engine) -> None:
    use_up(engine, limits.SIGN_UP, "127.0.0.1")
    assert_refused(client.post(SIGNUP, json=registration()))
    answer = client.post(SIGNUP, json=registration(), environ_overrides={"REMOTE_ADDR": "192.0.2.9"})
    assert answer.status_code == 201


@pytest.mark.asvs("2.4.1")
def test_uploads_of_one_account_are_limited_both_ways(people: People, engine: Engine) -> None:
    ana, eva = people.new(), people.new()
    use_up(engine, limits.UPLOAD, str(ana.id))
    assert_refused(ana.post("/api/videos/uploads", json=CLIP))
    form = {"title": "Triple doble", "video_file": (io.BytesIO(b"clip"), "play.mp4")}
    assert_refused(ana.post("/api/videos/upload", data=form))
    assert ana.get("/api/videos").json == []
    assert eva.post("/api/videos/uploads", json=CLIP).status_code == 201


@pytest.mark.asvs("2.4.1")
def test_votes_of_one_account_are_limited(people: People, videos: Videos, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that count and those that do not; the limit's own numbers are in the test below."""
    monkeypatch.setattr(limits, "VOTE", Limit("vote", at_once=3, seconds_each=3600))
    ana, eva = people.new(), people.new()
    path = f"/api/public/videos/{videos.published(ana)}/vote"
    assert [eva.post(path).status_code for _ in range(3)] == [200, 400, 400]
    for answer in (eva.post(path), eva.delete(path)):
        assert_refused(answer, 1)
    assert ana.post(path).json == {"message": "", "error": "You cannot vote for your own video"}


def test_votes_that_come_in_one_moment_are_limited(app: Flask) -> None:
    votes = limits.VoteLimiter()
    with app.test_request_context():
        for _ in range(limits.VOTE.at_once):
            votes.check(1)
        with pytest.raises(limits.LimitReached):
            for _ in range(limits.VOTE.at_once):
                votes.check(1)
        votes.check(2)


def test_people_read_a_sentence_in_their_language(client: FlaskClient, engine: Engine) -> None:
    use_up(engine, limits.SIGN_IN_ADDRESS, "127.0.0.1")
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
def test_two_portals_grant_together_what_one_would(site: Site, tmp_path: Path) -> None:
    ana = site.new_person()
    second = PortalProcess(dataclasses.replace(site.environment, portal_port=free_port()), tmp_path / "log", {})
    try:
        second.wait_until_it_answers()
        assert_granted_together([site.portal, second], ana)
    finally:
        second.kill()


def assert_granted_together(portals: list[PortalProcess], ana: Person) -> None:
    before, begun = [len(portal.said("limit reached")) for portal in portals], time.monotonic()

    def guess_at(number: int) -> int:
        login = {"email": ana.email, "password": "a wrong guess"}
        return requests.post(f"{portals[number % 2].url}{LOGIN}", json=login, timeout=60).status_code

    with ThreadPoolExecutor(12) as threads:
        statuses = list(threads.map(guess_at, range(60)))
    assert set(statuses) == {401, 429}
    granted_again = (time.monotonic() - begun) / limits.SIGN_IN_HERE.seconds_each
    assert 20 <= statuses.count(401) <= 20 + granted_again
    said = [line for portal, seen in zip(portals, before, strict=True) for line in portal.said("limit reached")[seen:]]
    assert {line["limit"] for line in said} == {"sign-in-here"}
    assert all(line["request_id"] and line["address"] == "127.0.0.1" for line in said)


def test_the_numbers_cannot_be_changed_while_it_runs() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        limits.SIGN_UP.at_once = 1  # type: ignore[misc]
