"""/api/videos/uploads: the browser uploads the file directly to the bucket, in parts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from sqlalchemy import Engine

from emulator import aws
from services.environment import PortalEnvironment
from services.portal.uploads.direct_uploads import LINK_SECONDS
from services.videos.uploads import MAX_OPEN_UPLOADS, PART_BYTES
from tests.sqs_messages import receive_all

from . import direct
from .direct import CLIP, FTYP, LONG_CLIP, UPLOADS, error, rows, unfinished
from .people import People

MEBIBYTE = 2**20
NOT_FOUND = (404, "Upload not found")


@pytest.fixture
def app(start_app: Callable[[PortalEnvironment], Flask], portal_environment: PortalEnvironment) -> Flask:
    """The application with a limit that allows multipart files."""
    return start_app(dataclasses.replace(portal_environment, max_upload_bytes=100 * MEBIBYTE))


def validation_error(field: str, rule: str) -> str:
    where = f"Key: 'DirectUpload.{field}'"
    return f"Validation failed: {where} Error:Field validation for '{field}' failed on the '{rule}' tag"


def test_new_upload_lists_its_missing_parts(people: People, engine: Engine) -> None:
    upload = direct.begin(people.new(), LONG_CLIP, filename="C:\\videos\\play.mp4", fingerprint="a1b2")
    assert upload["part_size"] == PART_BYTES
    assert (upload["sent"], upload["missing"]) == (0, [1, 2, 3])
    assert (upload["title"], upload["filename"], upload["size"]) == ("Triple doble", "play.mp4", len(LONG_CLIP))
    assert (upload["is_public"], upload["fingerprint"]) == (False, "a1b2")
    assert rows(engine, "videos") == 0


@pytest.mark.parametrize("content", [CLIP, LONG_CLIP, LONG_CLIP[: 2 * PART_BYTES]], ids=["one", "three", "two whole"])
def test_completed_parts_form_the_original_file(
    people: People, media_bucket: str, aws_port: int, content: bytes
) -> None:
    person = people.new()
    upload = direct.begin(person, content)
    direct.send(person, upload, content)
    assert direct.complete(person, upload).status_code == 201
    key = f"uploads/{upload['video_id']}.mp4"
    stored = aws.client("s3", aws_port).get_object(Bucket=media_bucket, Key=key)
    assert stored["Body"].read() == content
    assert stored["ContentType"] == "video/mp4"


@pytest.mark.parametrize("name", ["play.mp4", "IMG_0001.MOV"])
def test_completed_upload_is_recorded_and_queued(
    people: People, engine: Engine, queue_url: str, aws_port: int, name: str
) -> None:
    person = people.new()
    upload = direct.begin(person, filename=name, is_public=True)
    direct.send(person, upload)
    answer = direct.complete(person, upload)
    assert answer.json == {
        "message": "Video subido correctamente. Procesamiento en curso.",
        "task_id": upload["video_id"],
    }
    video = person.get(f"/api/videos/{upload['video_id']}").json
    assert video is not None
    assert (video["title"], video["original_filename"], video["is_public"]) == ("Triple doble", name, True)
    assert receive_all(queue_url, aws_port) == [{"video_id": upload["video_id"]}]
    assert rows(engine, "uploads") == 0


def test_link_is_limited_to_one_part_its_size_and_minutes(people: People) -> None:
    person = people.new()
    upload = direct.begin(person, LONG_CLIP)
    first, last = direct.request_links(person, upload, [1, 3])
    assert (first["number"], first["size"]) == (1, PART_BYTES)
    assert (last["number"], last["size"]) == (3, len(FTYP))
    query = {name: values[0] for name, values in parse_qs(urlsplit(last["url"]).query).items()}
    assert query["partNumber"] == "3"
    assert query["X-Amz-SignedHeaders"].split(";") == ["content-length", "host"]
    assert int(query["X-Amz-Expires"]) == LINK_SECONDS <= 900
    assert urlsplit(last["url"]).path.endswith(f"/uploads/{upload['video_id']}.mp4")


def test_interrupted_upload_resumes_with_its_missing_parts(people: People) -> None:
    person = people.new()
    started = direct.begin(person, LONG_CLIP)
    direct.send(person, started, LONG_CLIP, [2])
    (waiting,) = person.get(UPLOADS).json or []
    assert (waiting["missing"], waiting["sent"]) == ([1, 3], PART_BYTES)
    assert person.get(f"{UPLOADS}/{started['video_id']}").json == waiting
    direct.send(person, waiting, LONG_CLIP)
    assert direct.complete(person, waiting).status_code == 201
    assert person.get(UPLOADS).json == []


def test_reuploaded_part_counts_once(people: People) -> None:
    person = people.new()
    upload = direct.begin(person, LONG_CLIP)
    direct.send(person, upload, LONG_CLIP, [1, 2])
    direct.send(person, upload, LONG_CLIP, [2, 3])
    assert direct.complete(person, upload).status_code == 201


def test_truncated_part_counts_as_missing(people: People, media_bucket: str, aws_port: int) -> None:
    person = people.new()
    upload = direct.begin(person, LONG_CLIP)
    direct.send(person, upload, LONG_CLIP)
    s3 = aws.client("s3", aws_port)
    (multipart,) = s3.list_multipart_uploads(Bucket=media_bucket)["Uploads"]
    s3.upload_part(
        Bucket=media_bucket, Key=multipart["Key"], UploadId=multipart["UploadId"], PartNumber=2, Body=b"cut off"
    )
    assert error(direct.complete(person, upload)) == (400, "Parts of the video file are missing")
    assert (person.get(f"{UPLOADS}/{upload['video_id']}").json or {})["missing"] == [2]


@pytest.mark.asvs("2.3.1")
def test_upload_with_missing_parts_creates_no_video(people: People, engine: Engine) -> None:
    person = people.new()
    upload = direct.begin(person, LONG_CLIP)
    direct.send(person, upload, LONG_CLIP, [1, 3])
    assert error(direct.complete(person, upload)) == (400, "Parts of the video file are missing")
    assert rows(engine, "videos") == 0
    direct.send(person, upload, LONG_CLIP, [2])
    assert direct.complete(person, upload).status_code == 201


def test_completion_is_idempotent(people: People, engine: Engine, queue_url: str, aws_port: int) -> None:
    person = people.new()
    upload = direct.begin(person)
    direct.send(person, upload)
    assert [direct.complete(person, upload).status_code for _ in range(3)] == [201, 201, 201]
    assert rows(engine, "videos") == 1
    assert len(receive_all(queue_url, aws_port)) == 1


def test_concurrent_completions_create_one_video(
    people: People, app: Flask, engine: Engine, queue_url: str, aws_port: int
) -> None:
    person = people.new()
    upload = direct.begin(person, LONG_CLIP)
    direct.send(person, upload, LONG_CLIP)
    clients = [dataclasses.replace(person, client=app.test_client()) for _ in range(6)]
    with ThreadPoolExecutor(len(clients)) as threads:
        answers = list(threads.map(lambda client: direct.complete(client, upload), clients))
    assert [answer.status_code for answer in answers] == [201] * len(clients)
    assert rows(engine, "videos") == rows(engine, "task_results") == 1
    assert len(receive_all(queue_url, aws_port)) == 1


def test_completion_does_not_restore_a_deleted_video(people: People, engine: Engine) -> None:
    person = people.new()
    upload = direct.begin(person)
    direct.send(person, upload)
    direct.complete(person, upload)
    assert person.delete(f"/api/videos/{upload['video_id']}").status_code == 200
    assert error(direct.complete(person, upload)) == NOT_FOUND
    assert rows(engine, "videos") == 0


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"size": 100 * MEBIBYTE + 1}, "File size exceeds maximum allowed (100MB)"),
        ({"filename": "play.avi"}, "Invalid file type. Only MP4 and MOV files are allowed"),
        ({"title": "four"}, validation_error("Title", "min")),
        ({"size": 0}, validation_error("Size", "min")),
        ({"filename": ""}, validation_error("Filename", "required")),
        ({"fingerprint": "x" * 65}, validation_error("Fingerprint", "max")),
        ({"size": "many"}, "Invalid request format"),
        ({"size": 10**30}, "File size exceeds maximum allowed (100MB)"),
        ({"is_public": "maybe"}, "Invalid request format"),
        ({"title": "Triple\0doble"}, "Invalid request format"),
        ({"fingerprint": "a\0b"}, "Invalid request format"),
    ],
    ids=str,
)
def test_invalid_upload_request_returns_400(people: People, engine: Engine, changes: dict[str, Any], text: str) -> None:
    assert error(direct.request_upload(people.new(), **changes)) == (400, text)
    assert rows(engine, "uploads") == 0


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ([0], "The upload has no such part"),
        ([1, 4], "The upload has no such part"),
        ([-(10**30)], "The upload has no such part"),
        ([], "Invalid request format"),
        (list(range(1, 102)), "Invalid request format"),
        (["one"], "Invalid request format"),
        ("1", "Invalid request format"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_invalid_part_numbers_return_400(people: People, numbers: Any, text: str) -> None:
    person = people.new()
    upload = direct.begin(person, LONG_CLIP)
    answer = person.post(f"{UPLOADS}/{upload['video_id']}/parts", json={"numbers": numbers})
    assert error(answer) == (400, text)


def test_unfinished_uploads_per_account_are_limited(people: People, engine: Engine) -> None:
    person = people.new()
    uploads = [direct.begin(person) for _ in range(MAX_OPEN_UPLOADS)]
    full = (409, "Too many unfinished uploads: continue or discard one of them first")
    assert error(direct.request_upload(person)) == full
    assert direct.request_upload(people.new()).status_code == 201
    assert person.delete(f"{UPLOADS}/{uploads[0]['video_id']}").status_code == 200
    direct.send(person, uploads[1])
    direct.complete(person, uploads[1])
    assert [direct.request_upload(person).status_code for _ in range(3)] == [201, 201, 409]
    direct.expire_all(engine)
    assert direct.request_upload(person).status_code == 201


def test_concurrent_upload_starts_respect_the_limit(people: People, app: Flask, engine: Engine) -> None:
    person = people.new()
    for _ in range(MAX_OPEN_UPLOADS - 1):
        direct.begin(person)
    clients = [dataclasses.replace(person, client=app.test_client()) for _ in range(5)]
    with ThreadPoolExecutor(len(clients)) as threads:
        answers = list(threads.map(direct.request_upload, clients))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    assert rows(engine, "uploads") == MAX_OPEN_UPLOADS


def test_discarded_upload_leaves_no_rows_and_no_parts(
    people: People, media_bucket: str, aws_port: int, engine: Engine
) -> None:
    person = people.new()
    upload = direct.begin(person, LONG_CLIP)
    direct.send(person, upload, LONG_CLIP, [1])
    answer = person.delete(f"{UPLOADS}/{upload['video_id']}")
    assert answer.json == {"message": "La subida ha sido descartada.", "video_id": upload["video_id"]}
    assert unfinished(media_bucket, aws_port) == []
    assert rows(engine, "uploads") == 0
    assert error(direct.complete(person, upload)) == NOT_FOUND


def test_browser_session_uploads_with_its_csrf_token(people: People) -> None:
    browser, csrf = people.browser(people.new())
    body = {"title": "Triple doble", "filename": "play.mp4", "size": len(CLIP)}
    assert browser.post(UPLOADS, json=body).status_code == 403
    started = browser.post(UPLOADS, json=body, headers={"X-CSRF-TOKEN": csrf}).json
    assert started is not None
    assert browser.delete(f"{UPLOADS}/{started['video_id']}").status_code == 403
    assert browser.get(f"{UPLOADS}/{started['video_id']}").status_code == 200
    discarded = browser.delete(f"{UPLOADS}/{started['video_id']}", headers={"X-CSRF-TOKEN": csrf})
    assert discarded.status_code == 200
