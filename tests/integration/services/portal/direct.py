"""The steps of a browser that uploads a video directly to the bucket."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import requests
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from emulator import aws
from services.videos.uploads import PART_BYTES

from .people import PortalUser

UPLOADS = "/api/videos/uploads"
FTYP = b"\0\0\0\x18ftypisom\0\0\2\0isommp42"
CLIP = FTYP + b"x" * 100
#: Two whole parts and a remainder.
LONG_CLIP = FTYP + b"y" * (2 * PART_BYTES)


def request_upload(person: PortalUser, **changes: Any) -> TestResponse:
    """Request the start of an upload."""
    body = {"title": "Triple doble", "filename": "play.mp4", "size": len(CLIP), **changes}
    return person.post(UPLOADS, json=body)


def begin(person: PortalUser, content: bytes = CLIP, **changes: Any) -> dict[str, Any]:
    """Start an upload of this content."""
    answer = request_upload(person, size=len(content), **changes)
    assert answer.status_code == 201, answer.text
    assert isinstance(answer.json, dict)
    return answer.json


def request_links(person: PortalUser, upload: dict[str, Any], numbers: Iterable[int]) -> list[dict[str, Any]]:
    """Request presigned links for part numbers."""
    answer = person.post(f"{UPLOADS}/{upload['video_id']}/parts", json={"numbers": list(numbers)})
    assert answer.status_code == 200 and answer.json is not None, answer.text
    parts: list[dict[str, Any]] = answer.json["parts"]
    return parts


def send(
    person: PortalUser, upload: dict[str, Any], content: bytes = CLIP, numbers: Iterable[int] | None = None
) -> None:
    """Upload parts of the content: by default all missing parts."""
    part_numbers = upload["missing"] if numbers is None else numbers
    for link in request_links(person, upload, part_numbers):
        start = (link["number"] - 1) * upload["part_size"]
        sent = requests.put(link["url"], data=content[start : start + link["size"]], timeout=30)
        assert sent.status_code == 200, sent.text


def complete(person: PortalUser, upload: dict[str, Any]) -> TestResponse:
    """Request the completion of an upload."""
    return person.post(f"{UPLOADS}/{upload['video_id']}/complete")


def error(answer: TestResponse) -> tuple[int, Any]:
    """Return the status and text of an error response."""
    assert answer.json is not None and answer.json["message"] == ""
    return answer.status_code, answer.json["error"]


def objects(bucket: str, aws_port: int) -> list[str]:
    """Return the keys of a bucket's objects."""
    listing = aws.client("s3", aws_port).list_objects_v2(Bucket=bucket).get("Contents", [])
    return [item["Key"] for item in listing]


def unfinished(bucket: str, aws_port: int) -> list[str]:
    """Return the keys of a bucket's unfinished multipart uploads."""
    listing = aws.client("s3", aws_port).list_multipart_uploads(Bucket=bucket).get("Uploads", [])
    return [item["Key"] for item in listing]


def rows(engine: Engine, table: str) -> int:
    """Count the rows of a table."""
    with engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def expire_all(engine: Engine) -> None:
    """Expire all uploads."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE uploads SET expires_at = now()"))
