"""/api/videos/uploads rejects files that are not videos, other users' uploads and expired uploads."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine

from emulator import aws

from . import direct
from .direct import CLIP, UPLOADS, error, objects, rows, unfinished
from .people import People, PortalUser

INVALID_TYPE = (400, "Invalid file type. Only MP4 and MOV files are allowed")
NOT_FOUND = (404, "Upload not found")


@pytest.mark.asvs("5.2.2")
@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n" + b"x" * 50,
        b"<html>ftyp</html>",
        b"PK\3\4 a zip file",
        b"ffconcat version 1.0\nfile other.mp4\n",
        b"#EXTM3U\n#EXTINF:10.0,\nhttp://127.0.0.1:1/x\n" + b" " * 50,
        b"MZ" + b"\0" * 100,
        b"\0\0\0\x18ftypavif\0\0\0\0avifmif1" + b"x" * 50,
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"x" * 50,
        b"\0\0\0\x1cftypM4A \0\0\0\0M4A mp42isom" + b"x" * 50,
        b"\0\0\0\x07ftypisom\0\0\2\0isommp42" + b"x" * 50,
        b"GIF8ftypisom\0\0\2\0isommp42" + b"x" * 50,
        b"\0\0\0\x18ftyp",
        b"x",
    ],
)
def test_file_with_a_false_video_signature_is_deleted(
    people: People, media_bucket: str, aws_port: int, engine: Engine, content: bytes
) -> None:
    person = people.new()
    upload = direct.begin(person, content)
    direct.send(person, upload, content)
    assert error(direct.complete(person, upload)) == INVALID_TYPE
    assert objects(media_bucket, aws_port) == unfinished(media_bucket, aws_port) == []
    assert rows(engine, "videos") == rows(engine, "uploads") == 0
    assert error(direct.complete(person, upload)) == NOT_FOUND


def test_file_of_an_undeclared_size_is_deleted(
    people: People, media_bucket: str, aws_port: int, engine: Engine
) -> None:
    person = people.new()
    upload = direct.begin(person)
    key = f"uploads/{upload['video_id']}.mp4"
    # Only a client with bucket credentials can do this; the links allow no other size.
    aws.client("s3", aws_port).put_object(Bucket=media_bucket, Key=key, Body=CLIP + b"more")
    assert error(direct.complete(person, upload)) == (400, "The uploaded file does not have the declared size")
    assert objects(media_bucket, aws_port) == unfinished(media_bucket, aws_port) == []
    assert rows(engine, "videos") == rows(engine, "uploads") == 0


def call_every_step(person: PortalUser, video_id: str) -> list[tuple[int, Any]]:
    path = f"{UPLOADS}/{video_id}"
    return [
        error(person.get(path)),
        error(person.post(f"{path}/parts", json={"numbers": [1]})),
        error(person.post(f"{path}/complete")),
        error(person.delete(path)),
    ]


@pytest.mark.asvs("2.3.1")
def test_upload_of_another_user_returns_404(people: People, engine: Engine) -> None:
    owner, other = people.new(), people.new()
    upload = direct.begin(owner)
    direct.send(owner, upload)
    assert call_every_step(other, upload["video_id"]) == [NOT_FOUND] * 4
    assert other.get(UPLOADS).json == []
    assert rows(engine, "videos") == 0
    assert direct.complete(owner, upload).status_code == 201
    assert error(direct.complete(other, upload)) == NOT_FOUND


@pytest.mark.parametrize("video_id", ["7", "00000000-0000-4000-8000-000000000000", "%00", "a" * 36])
def test_unknown_or_malformed_id_returns_404(people: People, video_id: str) -> None:
    assert call_every_step(people.new(), video_id) == [NOT_FOUND] * 4


def test_expired_upload_returns_404(people: People, engine: Engine) -> None:
    person = people.new()
    upload = direct.begin(person)
    direct.send(person, upload)
    direct.expire_all(engine)
    assert call_every_step(person, upload["video_id"]) == [NOT_FOUND] * 4
    assert person.get(UPLOADS).json == []


@pytest.mark.asvs("16.5.3")
def test_without_s3_uploads_return_503_and_write_no_rows(
    people: People, app_without: Callable[[str], Flask], engine: Engine
) -> None:
    person = people.new()
    upload = direct.begin(person)
    direct.send(person, upload)
    without_s3 = dataclasses.replace(person, client=app_without("s3").test_client())
    for answer in (direct.request_upload(without_s3), direct.complete(without_s3, upload), without_s3.get(UPLOADS)):
        assert error(answer) == (503, "Service temporarily unavailable")
    assert (rows(engine, "videos"), rows(engine, "uploads")) == (0, 1)
    assert direct.complete(person, upload).status_code == 201
