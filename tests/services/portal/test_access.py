"""Every route decides who may use it, and nobody reaches what is another's."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.portal.api.operation import operation_of

from .people import People, Person
from .videos import Videos

OPEN = {
    ("POST", "/api/auth/signup"),
    ("POST", "/api/auth/login"),
    ("GET", "/api/public/videos"),
    ("GET", "/api/public/rankings"),
    ("GET", "/api/public/voting"),
    ("GET", "/api/public/verification"),
    ("GET", "/health"),
    ("GET", "/health/deep"),
    ("GET", "/media/<video_id>/video.mp4"),
    ("GET", "/media/<video_id>/poster.jpg"),
}
SIGNED_IN = {
    ("POST", "/api/auth/logout"),
    ("GET", "/api/auth/profile"),
    ("POST", "/api/auth/password"),
    ("GET", "/api/auth/sessions"),
    ("DELETE", "/api/auth/sessions"),
    ("DELETE", "/api/auth/sessions/<session_id>"),
    ("POST", "/api/videos/upload"),
    ("POST", "/api/videos/uploads"),
    ("GET", "/api/videos/uploads"),
    ("GET", "/api/videos/uploads/<video_id>"),
    ("DELETE", "/api/videos/uploads/<video_id>"),
    ("POST", "/api/videos/uploads/<video_id>/parts"),
    ("POST", "/api/videos/uploads/<video_id>/complete"),
    ("GET", "/api/videos"),
    ("GET", "/api/videos/<video_id>"),
    ("DELETE", "/api/videos/<video_id>"),
    ("GET", "/api/user/votes"),
    ("GET", "/api/user/standings"),
    ("POST", "/api/public/videos/<video_id>/vote"),
    ("DELETE", "/api/public/videos/<video_id>/vote"),
}
MODERATORS = {
    ("GET", "/api/moderation/bulks"),
    ("GET", "/api/moderation/log"),
    ("POST", "/api/moderation/videos/<video_id>/hide"),
    ("POST", "/api/moderation/videos/<video_id>/show"),
    ("POST", "/api/moderation/videos/<video_id>/votes/set-aside"),
    ("POST", "/api/moderation/videos/<video_id>/votes/give-back"),
    ("POST", "/api/moderation/users/<user_id>/close"),
    ("POST", "/api/moderation/users/<user_id>/open"),
    ("PUT", "/api/moderation/voting-period"),
}
SIGNED_IN |= MODERATORS
VIDEO = "00000000-0000-4000-8000-000000000000"


def test_each_route_has_been_decided_on(app: Flask) -> None:
    routes = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        if operation_of(app.view_functions[rule.endpoint]) is not None
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == OPEN | SIGNED_IN


@pytest.mark.parametrize(("method", "rule"), sorted(SIGNED_IN))
def test_nobody_is_let_in_without_a_token(client: FlaskClient, method: str, rule: str) -> None:
    answer = client.open(rule.replace("<video_id>", VIDEO).replace("<user_id>", "1"), method=method)
    assert (answer.status_code, answer.json) == (401, {"message": "", "error": "Authorization header required"})


@pytest.mark.parametrize(("method", "rule"), sorted(SIGNED_IN))
def test_nobody_is_let_in_with_a_wrong_token(client: FlaskClient, method: str, rule: str) -> None:
    path = rule.replace("<video_id>", VIDEO).replace("<user_id>", "1")
    answer = client.open(path, method=method, headers={"Authorization": "Bearer x.y.z"})
    assert (answer.status_code, answer.json) == (401, {"message": "", "error": "Invalid or expired token"})


@pytest.mark.parametrize(("method", "rule"), sorted(route for route in SIGNED_IN if route[0] != "GET"))
def test_a_browser_changes_nothing_without_its_csrf_token(people: People, method: str, rule: str) -> None:
    browser, _ = people.browser(people.new())
    answer = browser.open(rule.replace("<video_id>", VIDEO).replace("<user_id>", "1"), method=method)
    assert (answer.status_code, answer.json) == (403, {"message": "", "error": "Missing or invalid CSRF token"})


@pytest.mark.parametrize("rule", sorted(rule for method, rule in OPEN | SIGNED_IN if method == "GET"))
def test_reading_changes_nothing(people: People, videos: Videos, rule: str) -> None:
    ana = people.new()
    video_id = videos.published(ana)
    before = ana.get("/api/videos").json
    ana.get(rule.replace("<video_id>", str(video_id)))
    assert ana.get("/api/videos").json == before


def test_a_token_opens_only_what_is_its_owners(people: People, videos: Videos) -> None:
    """What each of three people gets of one private, processed video."""
    ana, eva = people.new(), people.new()
    nobody = dataclasses.replace(eva, token="x")
    video_id = videos.processed(ana, is_public=False)
    tries: dict[str, Callable[[Person], TestResponse]] = {
        "detail": lambda person: person.get(f"/api/videos/{video_id}"),
        "video": lambda person: person.get(f"/media/{video_id}/video.mp4"),
        "poster": lambda person: person.get(f"/media/{video_id}/poster.jpg"),
        "vote": lambda person: person.post(f"/api/public/videos/{video_id}/vote"),
        "delete": lambda person: person.delete(f"/api/videos/{video_id}"),
    }
    found = {name: tuple(use(person).status_code for person in (nobody, eva, ana)) for name, use in tries.items()}
    assert found == {
        "detail": (401, 403, 200),
        "video": (404, 404, 302),
        "poster": (404, 404, 302),
        "vote": (401, 404, 400),
        "delete": (401, 403, 200),
    }


def test_lists_hold_nothing_of_others(people: People, videos: Videos, client: FlaskClient) -> None:
    ana, eva = people.new(), people.new()
    videos.published(ana)
    assert eva.get("/api/videos").json == []
    listed = client.get("/api/public/videos").text + client.get("/api/public/rankings").text
    assert ana.email not in listed and "original_url" not in listed and "uploads/" not in listed
