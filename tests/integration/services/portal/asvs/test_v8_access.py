"""ASVS 5.0, chapter 8: access to every route and to other users' data."""

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


class Audience(Enum):
    """The clients that may use a route."""

    ANYONE = "anyone"
    SIGNED_IN = "signed-in users"
    MODERATORS = "moderators"
    THIS_MACHINE = "clients on the instance itself"


A, S, M, T = Audience.ANYONE, Audience.SIGNED_IN, Audience.MODERATORS, Audience.THIS_MACHINE
#: The audience of every route; a route that is missing here fails the tests.
ACCESS = {
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


def is_denied(client: FlaskClient, route: Route, **arguments: Any) -> bool:
    """Return whether access is denied: 401, 403 or a redirect to the sign-in."""
    answer = client.open(route.path(), method=route.method, **arguments)
    return answer.status_code in (401, 403) or answer.headers.get("Location", "").startswith("/login")


@pytest.mark.asvs("8.2.1")
def test_every_route_has_an_audience(app: Flask) -> None:
    assert {route.endpoint for route in routes(app)} == set(ACCESS)


@pytest.mark.asvs("8.2.1")
def test_declared_access_of_api_routes_matches(app: Flask) -> None:
    for route in routes(app):
        declared = operation_of(app.view_functions[route.endpoint])
        if route.rule.startswith("/api/"):
            assert declared is not None, route
        if declared is not None:
            assert declared.signed_in == (ACCESS[route.endpoint] in (S, M)), route
            assert declared.moderators_only == (ACCESS[route.endpoint] is M), route


@pytest.mark.asvs("8.2.1")
def test_anonymous_clients_reach_only_public_routes(app: Flask) -> None:
    remote = {"REMOTE_ADDR": "192.0.2.1"}
    for route in routes(app):
        client, audience = app.test_client(), ACCESS[route.endpoint]
        for headers in ({}, {"Authorization": "Bearer x.y.z"}, {"Cookie": "session=x.y.z; csrf=x"}):
            if audience is T:
                assert client.open(route.path(), environ_overrides=remote, headers=headers).status_code == 404, route
            elif route.endpoint not in ("auth.login", "accounts.enter"):
                # The sign-in routes return 401 without credentials.
                assert is_denied(client, route, headers=headers, environ_overrides=remote) == (audience is not A), route


@pytest.mark.asvs("8.2.1")
def test_api_explains_401_to_anonymous_clients(app: Flask) -> None:
    """Every route uses the contract's error texts."""
    errors = {None: "Authorization header required", "Bearer x.y.z": "Invalid or expired token"}
    protected_routes = [
        route for route in routes(app) if route.rule.startswith("/api/") and ACCESS[route.endpoint] in (S, M)
    ]
    assert len(protected_routes) > 25
    for route in protected_routes:
        for header, error in errors.items():
            headers = {"Authorization": header} if header else {}
            answer = app.test_client().open(route.path(), method=route.method, headers=headers)
            assert (answer.status_code, answer.json) == (401, {"message": "", "error": error}), route


@pytest.mark.asvs("8.2.1")
def test_moderation_routes_are_for_moderators_only(app: Flask, people: People) -> None:
    ana = people.new()
    protected_routes = [route for route in routes(app) if ACCESS[route.endpoint] is M]
    assert len(protected_routes) == 20
    for route in protected_routes:
        assert is_denied(ana.client, route, headers=ana.headers, json={"reason": "x"}), route


def snapshot_data(engine: Engine) -> dict[str, list[str]]:
    """Return all videos, uploads, votes, sessions and users, without session timestamps."""
    data = {}
    with engine.connect() as connection:
        for table in ("videos", "uploads", "votes", "user_sessions", "users"):
            rows = connection.execute(
                text(f"SELECT to_jsonb(t) - '{{last_accessed_at,expires_at}}'::text[] FROM {table} t")
            )
            data[table] = sorted(json.dumps(row, sort_keys=True) for row in rows.scalars())
    return data


VIDEO_STATES = ("uploaded", "processing", "failed", "processed")


@pytest.mark.asvs("8.2.2")
@pytest.mark.parametrize("video_state", VIDEO_STATES)
def test_private_video_is_hidden_from_other_users(
    app: Flask, people: People, videos: Videos, engine: Engine, video_state: str
) -> None:
    ana, eva = people.new(), people.new()
    browser, csrf = people.browser(eva)
    create = getattr(videos, video_state)
    video_id: UUID = create(ana, is_public=False)
    before, tried = snapshot_data(engine), 0
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
    assert snapshot_data(engine) == before


@pytest.mark.asvs("8.2.2")
def test_private_video_statuses_per_client(people: People, videos: Videos) -> None:
    """Statuses for an anonymous client, another user and the owner."""
    ana, eva = people.new(), people.new()
    anonymous = dataclasses.replace(eva, token="x")
    video_id = videos.processed(ana, is_public=False)
    tries: dict[str, Callable[[PortalUser], TestResponse]] = {
        "detail": lambda person: person.get(f"/api/videos/{video_id}"),
        "video": lambda person: person.get(f"/media/{video_id}/video.mp4"),
        "poster": lambda person: person.get(f"/media/{video_id}/poster.jpg"),
        "preview": lambda person: person.get(f"/media/{video_id}/preview.mp4"),
        "vote": lambda person: person.post(f"/api/public/videos/{video_id}/vote"),
        "delete": lambda person: person.delete(f"/api/videos/{video_id}"),
    }
    statuses = {name: tuple(use(person).status_code for person in (anonymous, eva, ana)) for name, use in tries.items()}
    assert statuses == {
        "detail": (401, 403, 200),
        "video": (404, 404, 302),
        "poster": (404, 404, 302),
        "preview": (404, 404, 302),
        "vote": (401, 404, 400),
        "delete": (401, 403, 200),
    }
    assert eva.get("/api/videos").json == []


@pytest.mark.asvs("8.2.2")
def test_unfinished_upload_is_hidden_from_other_users(people: People, engine: Engine) -> None:
    ana, eva = people.new(), people.new()
    upload = begin(ana)
    send(ana, upload)
    before, path = snapshot_data(engine), f"/api/videos/uploads/{upload['video_id']}"
    answers = (
        eva.get(path),
        eva.post(f"{path}/parts", json={"numbers": [1]}),
        eva.post(f"{path}/complete"),
        eva.delete(path),
    )
    assert [answer.status_code for answer in answers] == [404] * 4
    browser, csrf = people.browser(eva)
    browser.post(f"/upload/{upload['video_id']}/discard", data={"csrf_token": csrf})
    assert {name: snapshot_data(engine)[name] for name in ("uploads", "videos")} == {
        name: before[name] for name in ("uploads", "videos")
    }
    assert eva.get("/api/videos/uploads").json == []


@pytest.mark.asvs("8.2.2")
def test_session_is_hidden_from_other_users(people: People) -> None:
    ana, eva = people.new(), people.new()
    browser, _ = people.browser(ana)
    (session,) = browser.get("/api/auth/sessions").json or []
    assert eva.delete(f"/api/auth/sessions/{session['id']}").status_code == 404
    other_browser, csrf = people.browser(eva)
    answer = other_browser.post(f"/profile/sessions/{session['id']}/end", data={"csrf_token": csrf})
    assert answer.status_code == 404
    assert browser.get("/api/auth/profile").status_code == 200


def field_names(document: object) -> set[str]:
    """Return all field names of a JSON document."""
    if isinstance(document, dict):
        return set(document) | {name for value in document.values() for name in field_names(value)}
    return {name for value in document for name in field_names(value)} if isinstance(document, list) else set()


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
def test_public_lists_have_only_the_declared_fields(
    client: FlaskClient, people: People, videos: Videos, path: str
) -> None:
    videos.vote(videos.published(people.new()), people.new())
    assert field_names(client.get(path).json) == PUBLIC[path]


@pytest.mark.asvs("15.3.1")
def test_contract_check_detects_undeclared_fields(
    portal_environment: PortalEnvironment, people: People, videos: Videos
) -> None:
    """The check runs on every application under test; this one adds a field that its document does not declare."""
    videos.published(people.new())
    app = create_app(portal_environment)
    contract = Contract(app)

    @app.after_request
    def add_field(response: Response) -> Response:
        response.set_data(json.dumps([{**video, "original_url": "x"} for video in response.json or []]))
        return response

    assert app.test_client().get("/api/public/videos").status_code == 200
    (breach,) = contract.breaches
    assert "'original_url' was unexpected" in breach
    with app.app_context():
        db.engine.dispose()


@pytest.mark.asvs("8.2.3")
def test_responses_to_others_hold_no_private_data(
    app: Flask, people: People, videos: Videos, engine: Engine, moderator: PortalUser
) -> None:
    ana, eva = people.new(email="ana.alone@example.com"), people.new()
    video_id = videos.published(ana)
    videos.vote(video_id, eva)
    people.browser(ana)
    with engine.connect() as connection:
        hashed = connection.execute(text("SELECT password_hash FROM users WHERE id = :id"), {"id": ana.id}).scalar_one()
    private_values = (ana.email, hashed, "$argon2", "uploads/", ana.token)
    browser, _ = people.browser(eva)
    for route in routes(app):
        if route.method != "GET" or ACCESS[route.endpoint] is T:
            continue
        path = route.path(video_id=video_id)
        for client, headers in ((app.test_client(), {}), (browser, {}), (moderator.client, moderator.headers)):
            answer = client.get(path, headers=headers)
            if route.rule != "/openapi.json" and not route.endpoint.startswith("docs."):
                assert [secret for secret in private_values if secret in answer.text] == [], route


@pytest.mark.asvs("15.3.1")
def test_own_profile_and_sessions_omit_hashes(people: People) -> None:
    ana = people.new()
    people.browser(ana)
    assert field_names(ana.get("/api/auth/profile").json) == {
        "id", "first_name", "last_name", "email", "city", "country", "created_at", "updated_at",
    }  # fmt: skip
    assert field_names(ana.get("/api/auth/sessions").json) == {
        "id", "address", "user_agent", "created_at", "last_seen_at", "is_current",
    }  # fmt: skip
