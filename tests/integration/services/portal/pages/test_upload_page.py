"""The upload page: unfinished uploads are listed and can be discarded without scripts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Engine

from services.environment import PortalEnvironment

from .. import direct
from ..direct import LONG_CLIP
from ..people import People


@pytest.fixture
def app(start_app: Callable[[PortalEnvironment], Flask], portal_environment: PortalEnvironment) -> Flask:
    """The application with a limit that allows multipart files."""
    return start_app(dataclasses.replace(portal_environment, max_upload_bytes=100 * 2**20))


def test_new_user_has_no_unfinished_uploads(people: People) -> None:
    browser, _ = people.browser(people.new())
    page = browser.get("/upload").text
    assert 'id="waiting"' not in page
    assert 'id="upload"' in page


def test_unfinished_upload_shows_size_and_progress(people: People) -> None:
    person = people.new()
    upload = direct.begin(person, LONG_CLIP, title="<b>Triple</b> doble", filename="mi jugada.mp4")
    direct.send(person, upload, LONG_CLIP, [1])
    browser, _ = people.browser(person)
    page = browser.get("/upload").text
    assert f'data-upload="{upload["video_id"]}"' in page
    assert "&lt;b&gt;Triple&lt;/b&gt; doble" in page
    assert "mi jugada.mp4 · 10,0 MB" in page
    assert "49 %" in page
    assert "Subidas sin terminar" in page
    assert "mi jugada" not in people.browser(people.new())[0].get("/upload").text


def test_form_discards_an_upload(people: People, engine: Engine, media_bucket: str, aws_port: int) -> None:
    person = people.new()
    upload = direct.begin(person)
    browser, csrf = people.browser(person)
    path = f"/upload/{upload['video_id']}/discard"
    assert browser.post(path).status_code == 403
    for _ in range(2):
        answer = browser.post(path, data={"csrf_token": csrf}, follow_redirects=True)
        assert answer.request.path == "/upload"
        assert "La subida se descartó." in answer.text
    assert direct.rows(engine, "uploads") == 0
    assert direct.unfinished(media_bucket, aws_port) == []


def test_upload_of_another_user_cannot_be_discarded(people: People, engine: Engine) -> None:
    upload = direct.begin(people.new())
    browser, csrf = people.browser(people.new())
    browser.post(f"/upload/{upload['video_id']}/discard", data={"csrf_token": csrf})
    assert direct.rows(engine, "uploads") == 1
