"""ASVS 5.0, section 3.5: cross-site requests change nothing, and GET requests change nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from ..direct import begin, objects, unfinished
from ..people import PASSWORD, People, PortalUser, registration
from ..videos import Videos
from .routes import routes

#: Routes without a session; the Origin header that browsers send with every form protects them.
WITHOUT_SESSION = {
    "POST /login",
    "POST /signup",
    "POST /logout",
    "POST /language",
    "POST /api/auth/login",
    "POST /api/auth/signup",
}


@pytest.mark.asvs("3.5.1")
def test_cookie_without_csrf_token_returns_403(app: Flask, people: People, videos: Videos) -> None:
    ana = people.new()
    browser, csrf = people.browser(ana)
    video_id, refused = videos.processed(ana, is_public=False), 0
    for route in routes(app):
        if route.method == "GET" or f"{route.method} {route.rule}" in WITHOUT_SESSION:
            continue
        for wrong in ("", "x", csrf[:-1], csrf.upper()):
            form = {"csrf_token": wrong}
            answer = browser.open(route.path(video_id=video_id), method=route.method, data=form)
            assert answer.status_code == 403, (route, answer.status_code)
            if route.rule.startswith("/api/"):
                assert answer.json == {"message": "", "error": "Missing or invalid CSRF token"}, route
            refused += 1
    assert refused > 80
    assert ana.get(f"/api/videos/{video_id}").status_code == 200


@pytest.mark.asvs("3.5.1")
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://localhost.evil.example", "http://sub.localhost", "null"]
)
def test_cross_site_forms_without_session_are_rejected(app: Flask, people: People, origin: str) -> None:
    ana = people.new()
    browser, _ = people.browser(ana)
    form = {**registration(email="new@example.com"), "password": PASSWORD, "language": "en"}
    for route in sorted(WITHOUT_SESSION):
        method, path = route.split()
        answer = browser.open(path, method=method, data=form, headers={"Origin": origin})
        assert "Set-Cookie" not in answer.headers, route
        if not path.startswith("/api/"):
            assert answer.status_code == 403, route
    assert browser.get("/api/auth/profile").status_code == 200


def snapshot_data(engine: Engine, bucket: str, aws_port: int) -> dict[str, Any]:
    """Return all stored data except session timestamps and rate limits."""
    data: dict[str, Any] = {"objects": objects(bucket, aws_port), "parts": unfinished(bucket, aws_port)}
    with engine.connect() as connection:
        tables = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars().all()
        for table in tables:
            rows = connection.execute(
                text(f"SELECT to_jsonb(t) - '{{last_accessed_at,expires_at}}'::text[] FROM {table} t")
            )
            data[table] = sorted(json.dumps(row, sort_keys=True) for row in rows.scalars())
    return data


@pytest.mark.asvs("3.5.3")
def test_get_requests_change_nothing(
    app: Flask, people: People, videos: Videos, engine: Engine, media_bucket: str, aws_port: int, moderator: PortalUser
) -> None:
    ana = people.new()
    browser, csrf = people.browser(ana)
    video_id = videos.published(ana)
    videos.vote(video_id, people.new())
    videos.failed(ana)
    begin(ana)
    before = snapshot_data(engine, media_bucket, aws_port)
    assert {len(before[name]) for name in ("videos", "uploads", "user_sessions")} <= {1, 2}
    read = 0
    for route in routes(app):
        if route.method != "GET":
            continue
        path = route.path(video_id=video_id, user_id=ana.id)
        # Form fields in the query change nothing either.
        query = {"csrf_token": csrf, "reason": "x", "_method": "DELETE", "next": "/"}
        for method in ("GET", "HEAD"):
            for client, headers in (
                (browser, {"X-HTTP-Method-Override": "DELETE"}),
                (moderator.client, moderator.headers),
            ):
                answer = client.open(path, method=method, query_string=query, headers=headers)
                assert answer.status_code < 500 or route.rule == "/health/deep", route
                read += 1
    assert read > 100
    assert snapshot_data(engine, media_bucket, aws_port) == before
