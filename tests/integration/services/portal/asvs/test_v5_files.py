"""ASVS 5.0, chapter 5: files are no larger than they may be, are what they say, and never named by people."""

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
def test_a_file_that_is_too_large_is_refused_before_a_byte_is_stored(
    people: People, portal_environment: PortalEnvironment, media_bucket: str, aws_port: int, engine: Engine
) -> None:
    ana, most = people.new(), portal_environment.max_upload_bytes
    too_large = (400, "File size exceeds maximum allowed (1MB)")
    begun = ana.post(UPLOADS, json={"title": "Triple doble", "filename": "play.mp4", "size": most + 1})
    assert error(begun) == error(ana.post("/api/videos/upload", data=form(b"x" * (most + 1)))) == too_large
    assert error(ana.post("/api/videos/upload", data=form(b"x" * (3 * most)))) == too_large
    assert objects(media_bucket, aws_port) == [] and rows(engine, "uploads") == rows(engine, "videos") == 0
    assert ana.post("/api/videos/upload", data=form(b"x" * most)).status_code == 201


@pytest.mark.asvs("5.2.1")
def test_what_is_sent_to_the_bucket_has_the_size_that_was_declared(
    people: People, media_bucket: str, aws_port: int, engine: Engine
) -> None:
    """The link is signed for so many bytes; where the bucket takes others all the same, they make no video."""
    ana = people.new()
    upload = begin(ana, FTYP)
    (link,) = request_links(ana, upload, [1])
    assert "content-length" in link["url"].lower()
    requests.put(link["url"], data=FTYP + b"x" * 2**20, timeout=30)
    assert complete(ana, upload).status_code == 400
    assert rows(engine, "videos") == 0 and objects(media_bucket, aws_port) == []


@pytest.mark.asvs("5.2.2")
def test_neither_road_takes_a_file_by_another_name(people: People, engine: Engine) -> None:
    ana = people.new()
    for name in ("play.png", "play.mp4.html", "play", ".mp4 ", "play.mp4\0.html"):
        begun = ana.post(UPLOADS, json={"title": "Triple doble", "filename": name, "size": 10})
        assert begun.status_code == 400, name
        if "\0" not in name:
            assert ana.post("/api/videos/upload", data=form(FTYP, name)).status_code == 400, name
    assert rows(engine, "uploads") == rows(engine, "videos") == 0


@pytest.mark.asvs("5.3.2")
def test_where_a_file_lies_is_made_up_here(people: People, engine: Engine, media_bucket: str, aws_port: int) -> None:
    ana, made = people.new(), set()
    for name in NAMES:
        upload = begin(ana, FTYP, filename=name)
        send(ana, upload, FTYP)
        assert complete(ana, upload).status_code == 201, name
        made.add(f"uploads/{upload['video_id']}.mp4")
        assert set(objects(media_bucket, aws_port)) == made, name
        with engine.connect() as connection:
            named = text("SELECT original_filename FROM videos WHERE id = :id")
            kept = connection.execute(named, {"id": upload["video_id"]}).scalar_one()
        assert kept == upload["filename"] and len(kept) <= 255 and "/" not in kept and "\\" not in kept


@pytest.mark.asvs("5.4.1")
def test_no_header_holds_what_somebody_called_their_file(
    app: Flask, people: People, videos: Videos, engine: Engine
) -> None:
    """Nothing is offered for download under a name of theirs, so there is no name to encode."""
    ana = people.new()
    video_id = videos.published(ana)
    browser, _ = people.browser(ana)
    # The files of the portal itself have names of ours.
    shown = [route for route in routes(app) if route.method == "GET" and route.endpoint != "static"]
    assert len(shown) > 25
    for name in NAMES:
        with engine.begin() as connection:
            connection.execute(text("UPDATE videos SET original_filename = :name"), {"name": name[-255:]})
        for route in shown:
            headers = browser.get(route.path(video_id=video_id)).headers
            assert "Content-Disposition" not in headers and "attachment" not in str(headers), route
            assert name not in str(headers) and "passwd" not in str(headers), route


@pytest.mark.asvs("5.4.2")
def test_the_bucket_is_told_no_name_either(people: People, videos: Videos) -> None:
    """A link of S3 can carry a name for the download; ours carry none."""
    location = people.new().client.get(f"/media/{videos.published(people.new())}/video.mp4").location
    assert location and "response-content" not in location.lower()
