"""ASVS 5.0, chapter 5: file size, file type, and server-generated file names."""

from __future__ import annotations

import io
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import Engine, text

from services.environment import PortalEnvironment

from ..direct import FTYP, UPLOADS, begin, complete, error, objects, request_links, rows, send
from ..people import People
from ..videos import Videos
from .routes import routes

NAMES = [
    "../../etc/passwd.mp4",
    "..\\..\\evil.mp4",
    "/uploads/00000000-0000-4000-8000-000000000000.mp4",
    'a"; filename="b.mp4',
    "a\r\nSet-Cookie: session=x.mp4",
    "<script>.mp4",
    "ñandú 🏀.mp4",
    "x" * 990 + ".mp4",
]


def form(content: bytes, name: str = "play.mp4") -> dict[str, Any]:
    return {"title": "Triple doble", "video_file": (io.BytesIO(content), name)}


@pytest.mark.asvs("5.2.1")
def test_too_large_file_is_rejected_before_it_is_stored(
    people: People, portal_environment: PortalEnvironment, media_bucket: str, aws_port: int, engine: Engine
) -> None:
    ana, max_bytes = people.new(), portal_environment.max_upload_bytes
    too_large = (400, "File size exceeds maximum allowed (1MB)")
    started = ana.post(UPLOADS, json={"title": "Triple doble", "filename": "play.mp4", "size": max_bytes + 1})
    assert error(started) == error(ana.post("/api/videos/upload", data=form(b"x" * (max_bytes + 1)))) == too_large
    assert error(ana.post("/api/videos/upload", data=form(b"x" * (3 * max_bytes)))) == too_large
    assert objects(media_bucket, aws_port) == [] and rows(engine, "uploads") == rows(engine, "videos") == 0
    assert ana.post("/api/videos/upload", data=form(b"x" * max_bytes)).status_code == 201


@pytest.mark.asvs("5.2.1")
def test_uploaded_size_must_equal_the_declared_size(
    people: People, media_bucket: str, aws_port: int, engine: Engine
) -> None:
    """The signature of the link fixes the size."""
    ana = people.new()
    upload = begin(ana, FTYP)
    (link,) = request_links(ana, upload, [1])
    assert "content-length" in link["url"].lower()
    assert requests.put(link["url"], data=FTYP + b"x" * 2**20, timeout=30).status_code == 403
    assert complete(ana, upload).status_code == 400
    assert rows(engine, "videos") == 0 and objects(media_bucket, aws_port) == []


@pytest.mark.asvs("5.2.2")
def test_wrong_file_extension_is_rejected_by_both_uploads(people: People, engine: Engine) -> None:
    ana = people.new()
    for name in ("play.png", "play.mp4.html", "play", ".mp4 ", "play.mp4\0.html"):
        started = ana.post(UPLOADS, json={"title": "Triple doble", "filename": name, "size": 10})
        assert started.status_code == 400, name
        if "\0" not in name:
            assert ana.post("/api/videos/upload", data=form(FTYP, name)).status_code == 400, name
    assert rows(engine, "uploads") == rows(engine, "videos") == 0


@pytest.mark.asvs("5.3.2")
def test_object_keys_do_not_depend_on_file_names(
    people: People, engine: Engine, media_bucket: str, aws_port: int
) -> None:
    ana, keys = people.new(), set()
    for name in NAMES:
        upload = begin(ana, FTYP, filename=name)
        send(ana, upload, FTYP)
        assert complete(ana, upload).status_code == 201, name
        keys.add(f"uploads/{upload['video_id']}.mp4")
        assert set(objects(media_bucket, aws_port)) == keys, name
        with engine.connect() as connection:
            query = text("SELECT original_filename FROM videos WHERE id = :id")
            stored_name = connection.execute(query, {"id": upload["video_id"]}).scalar_one()
        assert (
            stored_name == upload["filename"]
            and len(stored_name) <= 255
            and "/" not in stored_name
            and "\\" not in stored_name
        )


@pytest.mark.asvs("5.4.1")
def test_no_response_header_holds_a_file_name(app: Flask, people: People, videos: Videos, engine: Engine) -> None:
    """No download uses a user's file name, so there is no name to encode."""
    ana = people.new()
    video_id = videos.published(ana)
    browser, _ = people.browser(ana)
    # Static files have names of the project.
    tested_routes = [route for route in routes(app) if route.method == "GET" and route.endpoint != "static"]
    assert len(tested_routes) > 25
    for name in NAMES:
        with engine.begin() as connection:
            connection.execute(text("UPDATE videos SET original_filename = :name"), {"name": name[-255:]})
        for route in tested_routes:
            headers = browser.get(route.path(video_id=video_id)).headers
            assert "Content-Disposition" not in headers and "attachment" not in str(headers), route
            assert name not in str(headers) and "passwd" not in str(headers), route


@pytest.mark.asvs("5.4.2")
def test_media_links_set_no_download_name(people: People, videos: Videos) -> None:
    """S3 links can set a download name; the portal's links do not."""
    location = people.new().client.get(f"/media/{videos.published(people.new())}/video.mp4").location
    assert location and "response-content" not in location.lower()
