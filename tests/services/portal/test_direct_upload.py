"""POST /api/videos/uploads and .../complete: the browser sends the file straight to the bucket."""

from __future__ import annotations

import base64
import dataclasses
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import requests
from flask import Flask
from itsdangerous import TimestampSigner
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from operations.local import aws
from services.portal.uploads import RECEIPT_SECONDS

from .people import People, Person

OFFER = "/api/videos/uploads"
MEBIBYTE = 2**20
CLIP = b"\0\0\0\x20ftypisom" + b"x" * 100


def ask(person: Person, **changes: Any) -> TestResponse:
    body = {"title": "Triple doble", "filename": "play.mp4", "size": len(CLIP), **changes}
    return person.post(OFFER, json=body)


def offer(person: Person, **changes: Any) -> dict[str, Any]:
    answer = ask(person, **changes)
    assert answer.status_code == 201, answer.text
    assert isinstance(answer.json, dict)
    return answer.json


def send(offered: dict[str, Any], content: bytes = CLIP) -> None:
    form = offered["upload"]
    sent = requests.post(form["url"], data=form["fields"], files={"file": content}, timeout=30)
    assert sent.status_code in (200, 204), sent.text


def complete(person: Person, offered: dict[str, Any], **changes: Any) -> TestResponse:
    body = {"receipt": changes.pop("receipt", offered["receipt"])}
    return person.post(f"{OFFER}/{changes.pop('video_id', offered['video_id'])}/complete", json=body)


def error(answer: TestResponse) -> tuple[int, Any]:
    assert answer.json is not None and answer.json["message"] == ""
    return answer.status_code, answer.json["error"]


def broken(field: str, rule: str) -> str:
    where = f"Key: 'DirectUpload.{field}'"
    return f"Validation failed: {where} Error:Field validation for '{field}' failed on the '{rule}' tag"


def objects(bucket: str, aws_port: int) -> list[str]:
    found = aws.client("s3", aws_port).list_objects_v2(Bucket=bucket).get("Contents", [])
    return [item["Key"] for item in found]


def videos(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM videos")).scalar_one())


def test_an_offer_leaves_nothing_in_the_database(people: People, engine: Engine) -> None:
    offered = offer(people.new())
    assert set(offered) == {"video_id", "upload", "receipt"}
    assert videos(engine) == 0


def test_the_form_allows_one_key_one_type_and_the_declared_size(people: People, media_bucket: str) -> None:
    offered = offer(people.new())
    policy = json.loads(base64.b64decode(offered["upload"]["fields"]["policy"]))
    assert {"key": f"uploads/{offered['video_id']}.mp4"} in policy["conditions"]
    assert {"bucket": media_bucket} in policy["conditions"]
    assert {"Content-Type": "video/mp4"} in policy["conditions"]
    assert ["content-length-range", 1, len(CLIP)] in policy["conditions"]


@pytest.mark.parametrize("name", ["play.mp4", "IMG_0001.MOV"])
def test_a_completed_upload_is_recorded_and_queued(people: People, queue_url: str, aws_port: int, name: str) -> None:
    person = people.new()
    offered = offer(person, filename=name, is_public=True)
    send(offered)
    answer = complete(person, offered)
    assert answer.status_code == 201
    assert answer.json == {
        "message": "Video subido correctamente. Procesamiento en curso.",
        "task_id": offered["video_id"],
    }
    video = person.get(f"/api/videos/{offered['video_id']}").json
    assert video is not None
    assert (video["title"], video["original_filename"], video["is_public"]) == ("Triple doble", name, True)
    received = aws.client("sqs", aws_port).receive_message(QueueUrl=queue_url)
    assert [json.loads(message["Body"]) for message in received["Messages"]] == [{"video_id": offered["video_id"]}]


def test_completing_twice_does_no_harm(people: People, engine: Engine, queue_url: str, aws_port: int) -> None:
    person = people.new()
    offered = offer(person)
    send(offered)
    assert [complete(person, offered).status_code for _ in range(3)] == [201, 201, 201]
    assert videos(engine) == 1
    received = aws.client("sqs", aws_port).receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)
    assert len(received["Messages"]) == 1


def test_completing_after_the_original_was_cleared_away_does_no_harm(
    people: People, media_bucket: str, aws_port: int
) -> None:
    person = people.new()
    offered = offer(person)
    send(offered)
    complete(person, offered)
    aws.client("s3", aws_port).delete_object(Bucket=media_bucket, Key=f"uploads/{offered['video_id']}.mp4")
    assert complete(person, offered).status_code == 201


def test_a_deleted_video_does_not_come_back(people: People, engine: Engine) -> None:
    person = people.new()
    offered = offer(person)
    send(offered)
    complete(person, offered)
    assert person.delete(f"/api/videos/{offered['video_id']}").status_code == 200
    assert error(complete(person, offered)) == (400, "The video file has not been uploaded yet")
    assert videos(engine) == 0


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"size": MEBIBYTE + 1}, "File size exceeds maximum allowed (1MB)"),
        ({"filename": "play.avi"}, "Invalid file type. Only MP4 and MOV files are allowed"),
        ({"title": "four"}, broken("Title", "min")),
        ({"size": 0}, broken("Size", "min")),
        ({"filename": ""}, broken("Filename", "required")),
        ({"size": "many"}, "Invalid request format"),
        ({"size": 10**30}, "File size exceeds maximum allowed (1MB)"),
        ({"is_public": "maybe"}, "Invalid request format"),
        ({"title": "Triple\0doble"}, "Invalid request format"),
    ],
    ids=str,
)
def test_what_is_not_offered(people: People, changes: dict[str, Any], text: str) -> None:
    assert error(ask(people.new(), **changes)) == (400, text)


def test_a_file_that_was_not_sent(people: People) -> None:
    person = people.new()
    assert error(complete(person, offer(person))) == (400, "The video file has not been uploaded yet")


def test_a_file_of_another_size_is_removed(people: People, media_bucket: str, aws_port: int, engine: Engine) -> None:
    person = people.new()
    offered = offer(person)
    key = f"uploads/{offered['video_id']}.mp4"
    # As someone with the bucket's keys could; the form itself allows no more.
    aws.client("s3", aws_port).put_object(Bucket=media_bucket, Key=key, Body=CLIP + b"more")
    assert error(complete(person, offered)) == (400, "The uploaded file does not have the declared size")
    assert objects(media_bucket, aws_port) == []
    assert videos(engine) == 0


@pytest.mark.parametrize(
    "content",
    [b"\x89PNG\r\n\x1a\n" + b"x" * 50, b"<html>ftyp</html>", b"PK\3\4 a zip file", b"ffconcat version 1.0\n", b"x"],
)
def test_a_file_that_only_calls_itself_a_video_is_removed(
    people: People, media_bucket: str, aws_port: int, engine: Engine, content: bytes
) -> None:
    person = people.new()
    offered = offer(person, size=len(content))
    send(offered, content)
    assert error(complete(person, offered)) == (400, "Invalid file type. Only MP4 and MOV files are allowed")
    assert objects(media_bucket, aws_port) == []
    assert videos(engine) == 0


@pytest.mark.parametrize("receipt", ["x", "a.b.c", "é", "x" * 10_000])
def test_a_receipt_that_is_none(people: People, receipt: str) -> None:
    person = people.new()
    assert error(complete(person, offer(person), receipt=receipt)) == (400, "Invalid or expired receipt")


def test_the_receipt_of_another_upload(people: People) -> None:
    person = people.new()
    first, second = offer(person), offer(person)
    assert error(complete(person, first, receipt=second["receipt"])) == (400, "Invalid or expired receipt")


def test_a_receipt_past_its_hour(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    person = people.new()
    now = TimestampSigner.get_timestamp
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda signer: now(signer) - RECEIPT_SECONDS - 1)
    offered = offer(person)
    monkeypatch.undo()
    send(offered)
    assert error(complete(person, offered)) == (400, "Invalid or expired receipt")


def test_the_receipt_of_another_person(people: People, engine: Engine) -> None:
    owner, thief = people.new(), people.new()
    offered = offer(owner)
    send(offered)
    assert error(complete(thief, offered)) == (403, "You can only complete your own uploads")
    assert videos(engine) == 0


def test_an_id_that_is_none(people: People) -> None:
    person = people.new()
    assert error(complete(person, offer(person), video_id="7")) == (404, "Video not found")
    assert error(complete(person, offer(person), video_id=str(uuid.uuid4()))) == (400, "Invalid or expired receipt")


def test_a_browsers_session_may_do_it_with_its_csrf_token(people: People) -> None:
    browser, csrf = people.browser(people.new())
    body = {"title": "Triple doble", "filename": "play.mp4", "size": len(CLIP)}
    assert browser.post(OFFER, json=body).status_code == 403
    answer = browser.post(OFFER, json=body, headers={"X-CSRF-TOKEN": csrf})
    assert answer.status_code == 201
    assert answer.json is not None
    send(answer.json)
    done = browser.post(
        f"{OFFER}/{answer.json['video_id']}/complete",
        json={"receipt": answer.json["receipt"]},
        headers={"X-CSRF-TOKEN": csrf},
    )
    assert done.status_code == 201


def test_without_the_bucket_nothing_is_recorded(
    people: People, app_without: Callable[[str], Flask], engine: Engine
) -> None:
    person = people.new()
    offered = offer(person)
    send(offered)
    blind = dataclasses.replace(person, client=app_without("s3").test_client())
    assert error(complete(blind, offered)) == (503, "Service temporarily unavailable")
    assert videos(engine) == 0
