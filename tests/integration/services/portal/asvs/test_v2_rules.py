"""ASVS 5.0, chapter 2: the server validates input, enforces the order of steps and works in transactions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from services.portal.api.operation import operation_of

from ..direct import UPLOADS, rows
from ..people import PASSWORD, People, PortalUser, registration
from ..videos import Videos
from .markup import elements, inputs
from .routes import routes

INVALID_VALUES: tuple[Any, ...] = ("\0", "\ud800", "x" * 5000, [], {}, ["a", {}], True, -1, 1.5, 2**70, None, "")


@pytest.mark.asvs("2.2.1")
def test_every_route_rejects_invalid_field_values(app: Flask, moderator: PortalUser) -> None:
    count = 0
    for route in routes(app):
        declared = operation_of(app.view_functions[route.endpoint])
        if declared is None or declared.body is None:
            continue
        for wrong in INVALID_VALUES:
            count += 1
            body = json.dumps(dict.fromkeys(declared.body.model_fields, wrong))
            answer = moderator.client.open(route.path(), method=route.method, headers=moderator.headers, data=body)
            assert answer.status_code == 400, (route, wrong, answer.text)
    assert count > 8 * len(INVALID_VALUES)


NON_OBJECTS = {b"": 400, b"{": 400, b"[]": 400, b"null": 400, b"\xff": 400, b"[" * 60_000: 400, b" " * 70_000: 413}


@pytest.mark.asvs("2.2.1")
def test_every_route_rejects_bodies_that_are_not_objects(app: Flask, moderator: PortalUser) -> None:
    for route in routes(app):
        declared = operation_of(app.view_functions[route.endpoint])
        if declared is not None and declared.body is not None:
            for body, status in NON_OBJECTS.items():
                answer = moderator.client.open(route.path(), method=route.method, headers=moderator.headers, data=body)
                assert answer.status_code == status, (route, body[:9], answer.text)


def invalid_values(attributes: dict[str, str | None]) -> Iterator[str]:
    """Yield values that a browser would not submit for a field."""
    is_email = attributes.get("type") == "email"
    if "required" in attributes:
        yield ""
    if is_email:
        yield "no address"
    if minimum := attributes.get("minlength"):
        yield "x" * (int(minimum) - 1)
    if maximum := attributes.get("maxlength"):
        yield "x" * (int(maximum) - 11) + "@example.com" if is_email else "x" * (int(maximum) + 1)


@pytest.mark.asvs("2.2.2")
def test_api_enforces_the_rules_of_the_sign_up_form(client: FlaskClient) -> None:
    fields = inputs(client.get("/signup").text)
    assert set(registration()) <= set(fields)
    for name in registration():
        values = list(invalid_values(fields[name]))
        assert values, name
        for value in values:
            passwords = {"password1": value, "password2": value} if name.startswith("password") else {}
            answer = client.post("/api/auth/signup", json=registration(**{name: value, **passwords}))
            assert (answer.status_code, "Validation failed" in answer.text) == (400, True), (name, value)
    assert client.post("/api/auth/signup", json=registration()).status_code == 201


@pytest.mark.asvs("2.2.2")
def test_api_enforces_the_rules_of_the_password_form(people: People) -> None:
    ana = people.new()
    browser, _ = people.browser(ana)
    fields = inputs(browser.get("/profile").text)
    valid = {"current_password": PASSWORD, "password1": "a new password", "password2": "a new password"}
    for name in valid:
        for value in invalid_values(fields[name]):
            assert ana.post("/api/auth/password", json={**valid, name: value}).status_code == 400, (name, value)
    assert ana.post("/api/auth/password", json=valid).status_code == 200


@pytest.mark.asvs("2.2.2")
def test_api_enforces_the_rules_of_the_upload_form(people: People) -> None:
    ana = people.new()
    browser, _ = people.browser(ana)
    page = browser.get("/upload").text
    (form,) = (element for element in elements(page) if element.attributes.get("id") == "upload")
    valid = {"title": "Triple doble", "filename": "play.mp4", "size": 10}
    invalid: list[tuple[str, str | int]] = [("title", value) for value in invalid_values(inputs(page)["title"])]
    invalid += [("size", int(str(form.attributes["data-max-bytes"])) + 1), ("size", 0), ("filename", "play.png")]
    for name, value in invalid:
        assert ana.post(UPLOADS, json={**valid, name: value}).status_code == 400, (name, value)
    assert ana.post(UPLOADS, json=valid).status_code == 201


@pytest.mark.asvs("2.3.3")
@pytest.mark.own("database")
def test_failed_vote_is_rolled_back(people: People, videos: Videos, engine: Engine) -> None:
    """The injected error is the one that PostgreSQL reports when it shuts down."""
    eva, video_id = people.new(), videos.published(people.new())
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'fault' USING ERRCODE = '57P01'; END $$"
            )
        )
        connection.execute(
            text("CREATE TRIGGER fault BEFORE INSERT ON vote_deltas FOR EACH ROW EXECUTE FUNCTION fault()")
        )
    path = f"/api/public/videos/{video_id}/vote"
    assert eva.post(path).status_code == 503
    assert (rows(engine, "votes"), rows(engine, "vote_deltas")) == (0, 0)
    with engine.begin() as connection:
        connection.execute(text("DROP TRIGGER fault ON vote_deltas"))
    assert eva.post(path).status_code == 200
    assert (rows(engine, "votes"), rows(engine, "vote_deltas")) == (1, 1)
