"""ASVS 5.0, chapter 8: each route says who may use it, and nobody reaches what is another's."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from services.environment import PortalEnvironment
from services.portal import create_app
from services.portal.api.operation import operation_of
from services.portal.database import db

from ..contract import Contract
from ..direct import begin, send
from ..people import People, PortalUser
from ..videos import Videos
from .routes import Route, routes


class Who(Enum):
    """Who may use a route."""

    ANYONE = "anyone"
    SIGNED_IN = "people who are signed in"
    MODERATORS = "moderators"
    THIS_MACHINE = "who is on the machine itself"


A, S, M, T = Who.ANYONE, Who.SIGNED_IN, Who.MODERATORS, Who.THIS_MACHINE
#: A route that is not here has not been decided on, and no test passes.
DECIDED = {
    "landing.show": A, "gallery.show": A, "watch.show": A, "rankings.show": A, "rankings.show_list": A,
    "rankings.show_verification": A, "docs.show": A, "docs.openapi": A, "docs.former": A, "docs.former_openapi": A,
    "static": A, "language.choose": A,
    "accounts.signup": A, "accounts.create": A, "accounts.login": A, "accounts.enter": A, "accounts.logout": A,
    "auth.signup": A, "auth.login": A,
    "public.list_public": A, "public.show_ranking": A, "votes.show_voting": A, "votes.show_verification": A,
    "media.play": A, "media.poster": A, "media.preview": A, "health.health": A,
    "health.deep_health": T, "show": T,
    "auth.logout": S, "auth.show_profile": S, "auth.change_password": S, "auth.list_sessions": S,
    "auth.end_session": S, "auth.end_other_sessions": S,
    "videos.upload": S, "videos.list_own": S, "videos.show": S, "videos.show_receipt": S, "videos.delete": S,
    "direct_uploads.begin": S, "direct_uploads.waiting": S, "direct_uploads.show": S, "direct_uploads.discard": S,
    "direct_uploads.sign_parts": S, "direct_uploads.complete": S,
    "votes.vote": S, "votes.retract": S, "votes.list_votes": S, "votes.list_standings": S,
    "watch.vote": S, "watch.retract": S, "uploads.form": S, "uploads.discard": S,
    "my_videos.show": S, "my_videos.show_list": S, "my_videos.confirm_delete": S, "my_videos.delete": S,
    "receipts.show": S,
    "profile.show": S, "profile.change_password": S, "profile.end_session": S, "profile.end_others": S,
    "moderation.list_bulks": M, "moderation.show_log": M, "moderation.hide": M, "moderation.show": M,
    "moderation.set_aside": M, "moderation.give_back": M, "moderation.close_account": M,
    "moderation.open_account": M, "moderation.set_period": M,
    "moderators.show": M, "moderators.show_log": M, "moderators.show_video": M, "moderators.hide": M,
    "moderators.show_again": M, "moderators.set_aside": M, "moderators.give_back": M,
}  # fmt: skip


def is_shut_out(client: FlaskClient, route: Route, **arguments: Any) -> bool:
    """Whether somebody is sent away: refused, or led to the sign-in."""
    answer = client.open(route.path(), method=route.method, **arguments)
    return answer.status_code in (401, 403) or answer.headers.get("Location", "").startswith("/login")


@pytest.mark.asvs("8.2.1")
def test_every_route_was_decided_on(app: Flask) -> None:
    assert {route.endpoint for route in routes(app)} == set(DECIDED)


@pytest.mark.asvs("8.2.1")
def test_what_a_route_of_the_api_declares_is_what_was_decided(app: Flask) -> None:
    for route in routes(app):
        declared = operation_of(app.view_functions[route.endpoint])
        if route.rule.startswith("/api/"):
            assert declared is not None, route
        if declared is not None:
            assert declared.signed_in == (DECIDED[route.endpoint] in (S, M)), route
            assert declared.moderators_only == (DECIDED[route.endpoint] is M), route


@pytest.mark.asvs("8.2.1")
def test_strangers_are_let_in_where_anyone_is_and_nowhere_else(app: Flask) -> None:
    far = {"REMOTE_ADDR": "192.0.2.1"}
    for route in routes(app):
        client, who = app.test_client(), DECIDED[route.endpoint]
        for headers in ({}, {"Authorization": "Bearer x.y.z"}, {"Cookie": "session=x.y.z; csrf=x"}):
            if who is T:
                assert client.open(route.path(), environ_overrides=far, headers=headers).status_code == 404, route
            elif route.endpoint not in ("auth.login", "accounts.enter"):
                # These answer 401 to who sends them nothing.
                assert is_shut_out(client, route, headers=headers, environ_overrides=far) == (who is not A), route


@pytest.mark.asvs("8.2.1")
def test_the_api_tells_strangers_why(app: Flask) -> None:
    """In the contract's words, whichever route it is."""
    told = {None: "Authorization header required", "Bearer x.y.z": "Invalid or expired token"}
    asked = [route for route in routes(app) if route.rule.startswith("/api/") and DECIDED[route.endpoint] in (S, M)]
    assert len(asked) > 25
    for route in asked:
        for header, error in told.items():
            headers = {"Authorization": header} if header else {}
            answer = app.test_client().open(route.path(), method=route.method, headers=headers)
            assert (answer.status_code, answer.json) == (401, {"message": "", "error": error}), route


@pytest.mark.asvs("8.2.1")
def test_moderators_alone_moderate(app: Flask, people: People) -> None:
    ana = people.new()
    asked = [route for route in routes(app) if DECIDED[route.endpoint] is M]
    assert len(asked) == 20
    for route in asked:
        assert is_shut_out(ana.client, route, headers=ana.headers, json={"reason": "x"}), route


def state(engine: Engine) -> dict[str, list[str]]:
    """What is known of videos, uploads, votes and sessions, but for when a session was last used."""
    found = {}
    with engine.connect() as connection:
        for table in ("videos", "uploads", "votes", "user_sessions", "users"):
            rows = connection.execute(
                text(f"SELECT to_jsonb(t) - '{{last_accessed_at,expires_at}}'::text[] FROM {table} t")
            )
            found[table] = sorted(json.dumps(row, sort_keys=True) for row in rows.scalars())
    return found


VIDEO_STATES = ("uploaded", "processing", "failed", "processed")


@pytest.mark.asvs("8.2.2")
@pytest.mark.parametrize("video_state", VIDEO_STATES)
def test_nothing_of_a_private_video_is_seen_or_changed_by_another(
    app: Flask, people: People, videos: Videos, engine: Engine, video_state: str
) -> None:
    ana, eva = people.new(), people.new()
    browser, csrf = people.browser(eva)
    make = getattr(videos, video_state)
    video_id: UUID = make(ana, is_public=False)
    before, tried = state(engine), 0
    for route in routes(app):
        if "video_id" not in route.rule:
            continue
        path = route.path(video_id=video_id)
        by_cookie = {"X-CSRF-TOKEN": csrf}
        for client, headers in ((eva.client, eva.headers), (browser, by_cookie), (app.test_client(), {})):
            body = {"numbers": [1], "reason": "x", "network": None}
            answer = client.open(path, method=route.method, headers=headers, json=body)
            assert not answer.is_json or 400 <= answer.status_code < 500, (route, answer.text)
            assert answer.status_code not in (200, 201, 302), route
            assert "Triple doble" not in answer.text and "uploads/" not in answer.text, route
            tried += 1
    assert tried > 50
    assert state(engine) == before


@pytest.mark.asvs("8.2.2")
def test_of_a_private_video_each_gets_what_is_theirs(people: People, videos: Videos) -> None:
    """What a stranger, somebody else and the owner get of it."""
    ana, eva = people.new(), people.new()
    nobody = dataclasses.replace(eva, token="x")
    video_id = videos.processed(ana, is_public=False)
    tries: dict[str, Callable[[PortalUser], TestResponse]] = {
        "detail": lambda person: person.get(f"/api/videos/{video_id}"),
        "video": lambda person: person.get(f"/media/{video_id}/video.mp4"),
        "poster": lambda person: person.get(f"/media/{video_id}/poster.jpg"),
        "preview": lambda person: person.get(f"/media/{video_id}/preview.mp4"),
        "vote": lambda person: person.post(f"/api/public/videos/{video_id}/vote"),
        "delete": lambda person: person.delete(f"/api/videos/{video_id}"),
    }
    found = {name: tuple(use(person).status_code for person in (nobody, eva, ana)) for name, use in tries.items()}
    assert found == {
        "detail": (401, 403, 200),
        "video": (404, 404, 302),
        "poster": (404, 404, 302),
        "preview": (404, 404, 302),
        "vote": (401, 404, 400),
        "delete": (401, 403, 200),
    }
    assert eva.get("/api/videos").json == []


@pytest.mark.asvs("8.2.2")
def test_nor_of_an_upload_that_waits(people: People, engine: Engine) -> None:
    ana, eva = people.new(), people.new()
    upload = begin(ana)
    send(ana, upload)
    before, path = state(engine), f"/api/videos/uploads/{upload['video_id']}"
    answers = (
        eva.get(path),
        eva.post(f"{path}/parts", json={"numbers": [1]}),
        eva.post(f"{path}/complete"),
        eva.delete(path),
    )
    assert [answer.status_code for answer in answers] == [404] * 4
    browser, csrf = people.browser(eva)
    browser.post(f"/upload/{upload['video_id']}/discard", data={"csrf_token": csrf})
    assert {name: state(engine)[name] for name in ("uploads", "videos")} == {
        name: before[name] for name in ("uploads", "videos")
    }
    assert eva.get("/api/videos/uploads").json == []


@pytest.mark.asvs("8.2.2")
def test_nor_of_a_session(people: People) -> None:
    ana, eva = people.new(), people.new()
    browser, _ = people.browser(ana)
    (session,) = browser.get("/api/auth/sessions").json or []
    assert eva.delete(f"/api/auth/sessions/{session['id']}").status_code == 404
    hers, csrf = people.browser(eva)
    answer = hers.post(f"/profile/sessions/{session['id']}/end", data={"csrf_token": csrf})
    assert answer.status_code == 404
    assert browser.get("/api/auth/profile").status_code == 200


def names(found: object) -> set[str]:
    """The names of all fields of a JSON document."""
    if isinstance(found, dict):
        return set(found) | {name for value in found.values() for name in names(value)}
    return {name for value in found for name in names(value)} if isinstance(found, list) else set()


PUBLIC = {
    "/api/public/videos": {
        "id", "video_id", "user_id", "title", "original_filename", "processed_url", "poster_url", "preview_url",
        "status", "uploaded_at", "processed_at", "votes", "is_public", "user_first_name", "user_last_name", "user_city",
    },
    "/api/public/rankings": {
        "position", "video_id", "username", "title", "city", "votes", "change", "video_url", "poster_url",
        "preview_url",
    },
}  # fmt: skip


@pytest.mark.asvs("15.3.1")
@pytest.mark.parametrize("path", PUBLIC)
def test_everybody_is_told_the_fields_that_are_described_and_no_other(
    client: FlaskClient, people: People, videos: Videos, path: str
) -> None:
    videos.vote(videos.published(people.new()), people.new())
    assert names(client.get(path).json) == PUBLIC[path]


@pytest.mark.asvs("15.3.1")
def test_a_field_that_is_not_described_is_noticed_in_any_test(
    portal_environment: PortalEnvironment, people: People, videos: Videos
) -> None:
    """Every application of these tests is watched; here one tells more than its document says."""
    videos.published(people.new())
    app = create_app(portal_environment)
    contract = Contract(app)

    @app.after_request
    def tell_more(response: Response) -> Response:
        response.set_data(json.dumps([{**video, "original_url": "x"} for video in response.json or []]))
        return response

    assert app.test_client().get("/api/public/videos").status_code == 200
    (breach,) = contract.breaches
    assert "'original_url' was unexpected" in breach
    with app.app_context():
        db.engine.dispose()


@pytest.mark.asvs("8.2.3")
def test_no_answer_to_others_holds_what_is_anas_alone(
    app: Flask, people: People, videos: Videos, engine: Engine, moderator: PortalUser
) -> None:
    ana, eva = people.new(email="ana.alone@example.com"), people.new()
    video_id = videos.published(ana)
    videos.vote(video_id, eva)
    people.browser(ana)
    with engine.connect() as connection:
        hashed = connection.execute(text("SELECT password_hash FROM users WHERE id = :id"), {"id": ana.id}).scalar_one()
    hers = (ana.email, hashed, "$argon2", "uploads/", ana.token)
    browser, _ = people.browser(eva)
    for route in routes(app):
        if route.method != "GET" or DECIDED[route.endpoint] is T:
            continue
        path = route.path(video_id=video_id)
        for client, headers in ((app.test_client(), {}), (browser, {}), (moderator.client, moderator.headers)):
            answer = client.get(path, headers=headers)
            if route.rule != "/openapi.json" and not route.endpoint.startswith("docs."):
                assert [secret for secret in hers if secret in answer.text] == [], route


@pytest.mark.asvs("15.3.1")
def test_not_even_their_owner_reads_a_hash(people: People) -> None:
    ana = people.new()
    people.browser(ana)
    assert names(ana.get("/api/auth/profile").json) == {
        "id", "first_name", "last_name", "email", "city", "country", "created_at", "updated_at",
    }  # fmt: skip
    assert names(ana.get("/api/auth/sessions").json) == {
        "id", "address", "user_agent", "created_at", "last_seen_at", "is_current",
    }  # fmt: skip
