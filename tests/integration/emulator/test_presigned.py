"""The AWS emulator refuses presigned links that S3 refuses."""

from __future__ import annotations

import time
import uuid
from xml.etree import ElementTree

import pytest
import requests

from emulator import aws
from services.shared.aws import aws_client
from services.shared.storage import MediaStore

KEY = "uploads/una jugada ñ+1.mp4"


@pytest.fixture
def store(media_bucket: str) -> MediaStore:
    return MediaStore(aws_client("s3", aws.REGION), media_bucket)


def part_link(store: MediaStore, *, size: int = 4, seconds: int = 60) -> str:
    """Start a multipart upload; return the link of its first part."""
    return store.part_upload_link(KEY, store.start_multipart_upload(KEY, "video/mp4"), 1, size=size, seconds=seconds)


def outcome(answer: requests.Response) -> str | None:
    """Return the code of S3's error; None for a success."""
    return None if answer.ok else ElementTree.fromstring(answer.content).findtext("Code")


def test_valid_link_is_accepted(store: MediaStore) -> None:
    assert outcome(requests.put(part_link(store), data=b"clip", timeout=30)) is None


@pytest.mark.parametrize("content", [b"", b"cli", b"clips"])
def test_part_of_another_size_is_refused(store: MediaStore, content: bytes) -> None:
    assert outcome(requests.put(part_link(store), data=content, timeout=30)) == "SignatureDoesNotMatch"


def test_changed_link_is_refused(store: MediaStore) -> None:
    link = part_link(store)
    for changed in (
        link.replace("partNumber=1", "partNumber=2"),
        link.replace("X-Amz-Expires=60", "X-Amz-Expires=600"),
        link.replace("uploads/", f"uploads/{uuid.uuid4().hex}"),
    ):
        assert changed != link
        assert outcome(requests.put(changed, data=b"clip", timeout=30)) == "SignatureDoesNotMatch"
    assert outcome(requests.delete(link, headers={"Content-Length": "4"}, timeout=30)) == "SignatureDoesNotMatch"


def test_ended_link_is_refused(store: MediaStore) -> None:
    link = part_link(store, seconds=1)
    time.sleep(2.1)
    answer = requests.put(link, data=b"clip", timeout=30)
    assert (answer.status_code, outcome(answer)) == (403, "AccessDenied")
    assert "Request has expired" in answer.text
