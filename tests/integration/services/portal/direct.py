"""What a browser does to send a video straight to the bucket, step by step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import requests
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from emulator import aws
from services.videos.uploads import PART_BYTES

from .people import Person

UPLOADS = "/api/videos/uploads"
FTYP = b"\0\0\0\x18ftypisom\0\0\2\0isommp42"
CLIP = FTYP + b"x" * 100
#: Two whole parts and a rest.
LONG_CLIP = FTYP + b"y" * (2 * PART_BYTES)


def ask(person: Person, **changes: Any) -> TestResponse:
    """Ask to begin an upload."""
    body = {"title": "Triple doble", "filename": "play.mp4", "size": len(CLIP), **changes}
    return person.post(UPLOADS, json=body)


def begin(person: Person, content: bytes = CLIP, **changes: Any) -> dict[str, Any]:
    """Begin the upload of a content."""
    answer = ask(person, size=len(content), **changes)
    assert answer.status_code == 201, answer.text
    assert isinstance(answer.json, dict)
    return answer.json


def links(person: Person, upload: dict[str, Any], numbers: Iterable[int]) -> list[dict[str, Any]]:
    """The links of some parts."""
    answer = person.post(f"{UPLOADS}/{upload['video_id']}/parts", json={"numbers": list(numbers)})
    assert answer.status_code == 200 and answer.json is not None, answer.text
    found: list[dict[str, Any]] = answer.json["parts"]
    return found


def send(person: Person, upload: dict[str, Any], content: bytes = CLIP, numbers: Iterable[int] | None = None) -> None:
    """Put parts of a content: those that are missing, or those of the numbers."""
    wanted = upload["missing"] if numbers is None else numbers
    for link in links(person, upload, wanted):
        start = (link["number"] - 1) * upload["part_size"]
        sent = requests.put(link["url"], data=content[start : start + link["size"]], timeout=30)
        assert sent.status_code == 200, sent.text


def complete(person: Person, upload: dict[str, Any]) -> TestResponse:
    """Ask for the upload to become a video."""
    return person.post(f"{UPLOADS}/{upload['video_id']}/complete")


def error(answer: TestResponse) -> tuple[int, Any]:
    """The status of a refusal and its text."""
    assert answer.json is not None and answer.json["message"] == ""
    return answer.status_code, answer.json["error"]


def objects(bucket: str, aws_port: int) -> list[str]:
    """The keys of a bucket's objects."""
    found = aws.client("s3", aws_port).list_objects_v2(Bucket=bucket).get("Contents", [])
    return [item["Key"] for item in found]


def unfinished(bucket: str, aws_port: int) -> list[str]:
    """The keys of what is being sent to a bucket in parts."""
    found = aws.client("s3", aws_port).list_multipart_uploads(Bucket=bucket).get("Uploads", [])
    return [item["Key"] for item in found]


def rows(engine: Engine, table: str) -> int:
    """How many rows a table has."""
    with engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def expire_all(engine: Engine) -> None:
    """Let every upload be past its time."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE uploads SET expires_at = now()"))
