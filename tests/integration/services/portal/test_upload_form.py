"""POST /api/videos/upload: the contract's multipart form."""

from __future__ import annotations

import dataclasses
import io
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from emulator import aws
from services.environment import PortalEnvironment
from services.portal.scheduler import run_due
from services.portal.uploads import form_uploads
from tests.small_disk import mounted
from tests.sqs_messages import receive_all

from .people import People, PortalUser

UPLOAD = "/api/videos/upload"
MEBIBYTE = 2**20
DISK_FULL = """
    CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER disk_full BEFORE INSERT ON task_results EXECUTE FUNCTION disk_full();
"""


def send(person: PortalUser, content: bytes = b"clip", name: str = "play.mp4", **fields: str) -> TestResponse:
    return person.post(UPLOAD, data={"title": "Triple doble", **fields, "video_file": (io.BytesIO(content), name)})


def error(answer: TestResponse) -> tuple[int, Any]:
    assert answer.json is not None and answer.json["message"] == ""
    return answer.status_code, answer.json["error"]


def objects(bucket: str, aws_port: int) -> dict[str, int]:
    listing = aws.client("s3", aws_port).list_objects_v2(Bucket=bucket).get("Contents", [])
    return {item["Key"]: item["Size"] for item in listing}


def count_videos(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM videos")).scalar_one())


def test_upload_is_stored_recorded_and_queued(people: People, media_bucket: str, queue_url: str, aws_port: int) -> None:
    person = people.new()
    answer = send(person, b"x" * 5000, is_public="true")
    assert answer.status_code == 201
    assert answer.json is not None
    video_id = answer.json["task_id"]
    assert answer.json == {
        "message": "Video subido correctamente. Procesamiento en curso.",
        "task_id": video_id,
    }
    assert objects(media_bucket, aws_port) == {f"uploads/{video_id}.mp4": 5000}
    assert receive_all(queue_url, aws_port) == [{"video_id": video_id}]
    video = person.get(f"/api/videos/{video_id}").json
    assert video is not None
    assert (video["title"], video["status"], video["is_public"]) == ("Triple doble", "uploaded", True)
    assert video["original_filename"] == "play.mp4"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 600 kB."""
    with mounted(tmp_path, "600k"):
        yield tmp_path


def test_full_disk_returns_503_and_leaves_no_files(
    people: People, small_disk: Path, monkeypatch: pytest.MonkeyPatch, media_bucket: str, aws_port: int
) -> None:
    monkeypatch.setattr(form_uploads, "_FOLDER", str(small_disk))
    person = people.new()
    assert error(send(person, bytes(MEBIBYTE - 1000))) == (503, "Service temporarily unavailable")
    assert (objects(media_bucket, aws_port), list(small_disk.iterdir())) == ({}, [])
    assert send(person, bytes(MEBIBYTE // 2)).status_code == 201


@pytest.mark.parametrize("content", [b"", b"no mp4"])
def test_content_is_not_checked_at_upload(people: People, content: bytes) -> None:
    assert send(people.new(), content).status_code == 201


@pytest.mark.parametrize("name", ["PLAY.MP4", "play.mP4", "a.b.mp4", "📹.mp4"])
def test_any_mp4_file_name_is_accepted(people: People, name: str) -> None:
    assert send(people.new(), name=name).status_code == 201


@pytest.mark.parametrize(
    ("name", "stored_name"),
    [
        ("../../evil.mp4", "evil.mp4"),
        ("C:/videos/play.mp4", "play.mp4"),
        ("-i x;$(id).mp4", "-i x;$(id).mp4"),
        ("n" * 400 + ".mp4", "n" * 251 + ".mp4"),
    ],
)
def test_file_name_is_never_part_of_the_key(
    people: People, media_bucket: str, aws_port: int, name: str, stored_name: str
) -> None:
    person = people.new()
    answer = send(person, name=name)
    assert answer.json is not None
    assert list(objects(media_bucket, aws_port)) == [f"uploads/{answer.json['task_id']}.mp4"]
    video = person.get(f"/api/videos/{answer.json['task_id']}").json
    assert video is not None and video["original_filename"] == stored_name


@pytest.mark.parametrize(
    ("value", "public"),
    [("true", True), ("1", False), ("TRUE", False), ("True", False), ("t", False), ("false", False), ("", False)],
)
def test_only_is_public_true_makes_the_video_public(people: People, value: str, public: bool) -> None:
    person = people.new()
    send(person, is_public=value)
    (video,) = person.get("/api/videos").json or []
    assert video["is_public"] is public


def test_video_is_private_by_default(people: People) -> None:
    person = people.new()
    send(person)
    (video,) = person.get("/api/videos").json or []
    assert video["is_public"] is False


def test_missing_file_returns_400(people: People) -> None:
    person = people.new()
    expected = (400, "No video file provided")
    assert error(person.post(UPLOAD, data={"title": "Triple doble"}, content_type="multipart/form-data")) == expected
    assert error(person.post(UPLOAD, data={"video_file": "text", "title": "Triple doble"})) == expected
    assert error(person.post(UPLOAD, json={"title": "Triple doble"})) == expected
    assert error(person.post(UPLOAD)) == expected
    assert error(send(person, name="")) == expected
    malformed = person.post(UPLOAD, data=b"--x\r\nno part", content_type="multipart/form-data; boundary=x")
    assert error(malformed) == expected


@pytest.mark.parametrize("name", ["play.mov", "play.mp4.exe", "mp4", "play.mp4 "])
def test_wrong_extension_returns_400(people: People, name: str) -> None:
    assert error(send(people.new(), name=name)) == (400, "Invalid file type. Only MP4 files are allowed")


def test_size_limit_is_exact(people: People) -> None:
    person = people.new()
    assert send(person, b"x" * MEBIBYTE).status_code == 201
    assert error(send(person, b"x" * (MEBIBYTE + 1))) == (400, "File size exceeds maximum allowed (1MB)")


def test_far_too_large_body_returns_400(people: People) -> None:
    assert error(send(people.new(), b"x" * 3 * MEBIBYTE)) == (400, "File size exceeds maximum allowed (1MB)")


def test_error_names_the_configured_limit(
    start_app: Callable[[PortalEnvironment], Flask], portal_environment: PortalEnvironment
) -> None:
    app = start_app(dataclasses.replace(portal_environment, max_upload_bytes=100 * MEBIBYTE))
    answer = send(People(app).new(), b"x" * (100 * MEBIBYTE + 1))
    assert error(answer) == (400, "File size exceeds maximum allowed (100MB)")


@pytest.mark.parametrize("value", ["maybe", "yes", "tRUE", "2"])
def test_is_public_that_go_cannot_parse_returns_400(people: People, value: str) -> None:
    assert error(send(people.new(), is_public=value)) == (400, "Invalid form data")


@pytest.mark.parametrize(("title", "rule"), [("", "required"), ("four", "min"), ("x" * 101, "max"), ("ñ" * 4, "min")])
def test_invalid_title_returns_400(people: People, title: str, rule: str) -> None:
    text = f"Validation failed: Key: 'VideoUpload.Title' Error:Field validation for 'Title' failed on the '{rule}' tag"
    assert error(send(people.new(), title=title)) == (400, text)


@pytest.mark.parametrize("title", ["     ", "ñ" * 5, "x" * 100, "<img src=x onerror=alert(1)>"])
def test_title_is_stored_unchanged(people: People, title: str) -> None:
    person = people.new()
    assert send(person, title=title).status_code == 201
    (video,) = person.get("/api/videos").json or []
    assert video["title"] == title


@pytest.mark.parametrize("title", [b"Triple\x00doble", b"Triple\xff\xfedoble"])
def test_title_that_is_not_text_returns_400(people: People, title: bytes) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\n' + title + b"\r\n"
        b'--x\r\nContent-Disposition: form-data; name="video_file"; filename="a.mp4"\r\n\r\nclip\r\n--x--\r\n'
    )
    answer = people.new().post(UPLOAD, data=body, content_type="multipart/form-data; boundary=x")
    assert error(answer) == (400, "Invalid request format")


def test_huge_text_field_returns_400(people: People) -> None:
    assert error(send(people.new(), title="x" * 900_000)) == (400, "Invalid form data")


def test_checks_run_in_a_fixed_order(people: People) -> None:
    """Token, file part, size, extension, form, title: the first failure is reported."""
    person = people.new()
    large = b"x" * (MEBIBYTE + 1)
    anonymous = dataclasses.replace(person, token="x")
    wrong = {"is_public": "maybe", "title": ""}
    assert error(anonymous.post(UPLOAD)) == (401, "Invalid or expired token")
    assert error(person.post(UPLOAD, data=wrong)) == (400, "No video file provided")
    assert error(send(person, large, "play.mov", **wrong)) == (400, "File size exceeds maximum allowed (1MB)")
    assert error(send(person, b"", "play.mov", **wrong)) == (400, "Invalid file type. Only MP4 files are allowed")
    assert error(send(person, **wrong)) == (400, "Invalid form data")


@pytest.mark.asvs("16.5.3")
def test_upload_without_s3_returns_503_and_records_nothing(app_without: Callable[[str], Flask], engine: Engine) -> None:
    person = People(app_without("s3")).new()
    assert error(send(person)) == (503, "Service temporarily unavailable")
    assert count_videos(engine) == 0


@pytest.mark.asvs("16.5.2")
def test_upload_without_sqs_is_relayed_later(
    app: Flask, app_without: Callable[[str], Flask], queue_url: str, aws_port: int
) -> None:
    person = People(app_without("sqs")).new()
    answer = send(person)
    assert answer.status_code == 201
    assert answer.json is not None
    assert receive_all(queue_url, aws_port) == []
    with app.app_context():
        run_due(1)
    assert receive_all(queue_url, aws_port) == [{"video_id": answer.json["task_id"]}]


@pytest.mark.own("database")
def test_failed_insert_leaves_no_object(people: People, engine: Engine, media_bucket: str, aws_port: int) -> None:
    person = people.new()
    with engine.begin() as connection:
        connection.execute(text(DISK_FULL))
    assert error(send(person)) == (503, "Service temporarily unavailable")
    assert objects(media_bucket, aws_port) == {}
    assert count_videos(engine) == 0


def test_memory_is_bounded_during_a_large_upload(
    start_app: Callable[[PortalEnvironment], Flask],
    portal_environment: PortalEnvironment,
    media_bucket: str,
    aws_port: int,
    tmp_path: Any,
) -> None:
    app = start_app(dataclasses.replace(portal_environment, max_upload_bytes=100 * MEBIBYTE))
    person = People(app).new()
    send(person)
    body = tmp_path / "body"
    head = (
        b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\nTriple doble\r\n'
        b'--x\r\nContent-Disposition: form-data; name="video_file"; filename="a.mp4"\r\n\r\n'
    )
    size = 60 * MEBIBYTE
    with body.open("wb") as file:
        file.write(head)
        file.seek(size, 1)
        file.write(b"\r\n--x--\r\n")
    with body.open("rb") as file:
        tracemalloc.start()
        answer = person.post(
            UPLOAD,
            input_stream=file,
            content_type="multipart/form-data; boundary=x",
            content_length=body.stat().st_size,
        )
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert answer.status_code == 201
    assert answer.json is not None
    assert objects(media_bucket, aws_port)[f"uploads/{answer.json['task_id']}.mp4"] == size
    # One 8 MiB part in transfer, and its copies.
    assert peak < 24 * MEBIBYTE
