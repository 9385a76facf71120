"""ASVS 5.0, chapter 2: input is checked here, steps are taken in their order, and nothing is done half or twice."""

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

WRONG: tuple[Any, ...] = ("\0", "\ud800", "x" * 5000, [], {}, ["a", {}], True, -1, 1.5, 2**70, None, "")


@pytest.mark.asvs("2.2.1")
def test_a_body_of_wrong_values_is_refused_by_every_route(app: Flask, moderator: PortalUser) -> None:
    asked = 0
    for route in routes(app):
        declared = operation_of(app.view_functions[route.endpoint])
        if declared is None or declared.body is None:
            continue
        for wrong in WRONG:
            asked += 1
            body = json.dumps(dict.fromkeys(declared.body.model_fields, wrong))
            answer = moderator.client.open(route.path(), method=route.method, headers=moderator.headers, data=body)
            assert answer.status_code == 400, (route, wrong, answer.text)
    assert asked > 8 * len(WRONG)


NO_OBJECTS = {b"": 400, b"{": 400, b"[]": 400, b"null": 400, b"\xff": 400, b"[" * 60_000: 400, b" " * 70_000: 413}


@pytest.mark.asvs("2.2.1")
def test_what_is_no_object_is_refused_by_every_route(app: Flask, moderator: PortalUser) -> None:
    for route in routes(app):
        declared = operation_of(app.view_functions[route.endpoint])
        if declared is not None and declared.body is not None:
            for body, status in NO_OBJECTS.items():
                answer = moderator.client.open(route.path(), method=route.method, headers=moderator.headers, data=body)
                assert answer.status_code == status, (route, body[:9], answer.text)


def broken(attributes: dict[str, str | None]) -> Iterator[str]:
    """Values that a browser would not send of a field."""
    is_email = attributes.get("type") == "email"
    if "required" in attributes:
        yield ""
    if is_email:
        yield "no address"
    if least := attributes.get("minlength"):
        yield "x" * (int(least) - 1)
    if most := attributes.get("maxlength"):
        yield "x" * (int(most) - 11) + "@example.com" if is_email else "x" * (int(most) + 1)


@pytest.mark.asvs("2.2.2")
def test_what_the_form_of_an_account_checks_the_api_checks_too(client: FlaskClient) -> None:
    fields = inputs(client.get("/signup").text)
    assert set(registration()) <= set(fields)
    for name in registration():
        values = list(broken(fields[name]))
        assert values, name
        for value in values:
            passwords = {"password1": value, "password2": value} if name.startswith("password") else {}
            answer = client.post("/api/auth/signup", json=registration(**{name: value, **passwords}))
            assert (answer.status_code, "Validation failed" in answer.text) == (400, True), (name, value)
    assert client.post("/api/auth/signup", json=registration()).status_code == 201


@pytest.mark.asvs("2.2.2")
def test_what_the_form_of_a_password_checks_the_api_checks_too(people: People) -> None:
    ana = people.new()
    browser, _ = people.browser(ana)
    fields = inputs(browser.get("/profile").text)
    right = {"current_password": PASSWORD, "password1": "a new password", "password2": "a new password"}
    for name in right:
        for value in broken(fields[name]):
            assert ana.post("/api/auth/password", json={**right, name: value}).status_code == 400, (name, value)
    assert ana.post("/api/auth/password", json=right).status_code == 200


@pytest.mark.asvs("2.2.2")
def test_what_the_form_of_an_upload_checks_the_api_checks_too(people: People) -> None:
    ana = people.new()
    browser, _ = people.browser(ana)
    page = browser.get("/upload").text
    (form,) = (element for element in elements(page) if element.attributes.get("id") == "upload")
    right = {"title": "Triple doble", "filename": "play.mp4", "size": 10}
    wrong: list[tuple[str, str | int]] = [("title", value) for value in broken(inputs(page)["title"])]
    wrong += [("size", int(str(form.attributes["data-max-bytes"])) + 1), ("size", 0), ("filename", "play.png")]
    for name, value in wrong:
        assert ana.post(UPLOADS, json={**right, name: value}).status_code == 400, (name, value)
    assert ana.post(UPLOADS, json=right).status_code == 201


@pytest.mark.asvs("2.3.3")
@pytest.mark.own("database")
def test_a_vote_that_fails_half_way_leaves_nothing(people: People, videos: Videos, engine: Engine) -> None:
    """The fault is of the kind that PostgreSQL reports when it is shutting down."""
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
