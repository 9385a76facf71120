"""The media bucket: files, presigned links and multipart uploads."""

from __future__ import annotations

import io
import socket
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
import requests
from botocore.exceptions import ClientError

from emulator import aws
from emulator.metadata import Identity, InstanceCredentials, MetadataService
from services.shared.aws import aws_client
from services.shared.storage import MediaStore, UploadPart, original_key, poster_key, preview_key, processed_key

VIDEO = uuid.UUID("00000000-0000-4000-8000-000000000001")


@pytest.fixture
def store(media_bucket: str) -> MediaStore:
    return MediaStore(aws_client("s3", aws.REGION), media_bucket)


def test_keys_consist_of_ids() -> None:
    assert original_key(VIDEO) == f"uploads/{VIDEO}.mp4"
    assert processed_key(VIDEO, 2) == f"processed/{VIDEO}/2.mp4"
    assert poster_key(VIDEO, 2) == f"processed/{VIDEO}/2.jpg"
    assert preview_key(VIDEO, 2) == f"processed/{VIDEO}/2.preview.mp4"


@pytest.mark.parametrize("size", [0, 1, 20 * 2**20])
def test_stored_object_has_the_same_content(store: MediaStore, size: int) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    store.store("uploads/a.mp4", io.BytesIO(content), "video/mp4")
    assert store.size("uploads/a.mp4") == size
    answer = requests.get(store.link("uploads/a.mp4"), timeout=30)
    assert answer.content == content
    assert answer.headers["Content-Type"] == "video/mp4"


def test_files_are_uploaded_and_downloaded(store: MediaStore, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"clip")
    store.store_file("processed/a.mp4", tmp_path / "in", "video/mp4")
    store.fetch_file("processed/a.mp4", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"clip"


def test_missing_objects(store: MediaStore, tmp_path: Path) -> None:
    assert store.size("nothing") is None
    with pytest.raises(FileNotFoundError):
        store.fetch_file("nothing", tmp_path / "out")
    store.delete("nothing")


def test_first_bytes_of_an_object(store: MediaStore) -> None:
    store.store("a", io.BytesIO(b"0123456789"), "video/mp4")
    assert store.first_bytes("a", 4) == b"0123"
    assert store.first_bytes("a", 400) == b"0123456789"


def test_objects_are_deleted(store: MediaStore) -> None:
    for key in ("a", "b", "c"):
        store.store(key, io.BytesIO(b"x"), "video/mp4")
    store.delete("a", "b")
    assert [store.size(key) for key in ("a", "b", "c")] == [None, None, 1]


def test_link_is_stable_for_five_minutes(store: MediaStore, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000 * 300.0
    monkeypatch.setattr("services.shared.storage.time.time", lambda: now)
    first = store.link("a")
    now += 299
    assert store.link("a") == first
    assert store.link("b") != first


@pytest.fixture
def instance(monkeypatch: pytest.MonkeyPatch) -> Iterator[Identity]:
    """The instance whose role signs; its first credentials live for half an hour."""
    listener = socket.create_server(("127.0.0.1", 0))
    role = InstanceCredentials.generate(timedelta(minutes=30))
    address = "127.0.0.1"
    identity = Identity(
        instance_id="i-1", address=address, region="eu-west-1", role="portal", user_data="", credentials=role
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://{address}:{listener.getsockname()[1]}")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with MetadataService(listener) as service:
        service.register(identity)
        yield identity


def signing_key(link: str) -> str:
    """Return the access key that signed a link."""
    return parse_qs(urlsplit(link).query)["X-Amz-Credential"][0].partition("/")[0]


def test_links_are_signed_with_renewed_credentials(instance: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link is valid for ten minutes at least: boto3 renews credentials that end in less than fifteen.

    A link is signed at the start of a period of five minutes.
    """
    now = 1_000_000 * 300.0
    monkeypatch.setattr("services.shared.storage.time.time", lambda: now)
    first = instance.credentials
    store = MediaStore(aws_client("s3", "eu-west-1"), "anb-media")
    assert signing_key(store.link("a")) == first.access_key
    instance.credentials = InstanceCredentials.generate()
    assert signing_key(store.part_upload_link("a", "b", 1, size=1, seconds=900)) == first.access_key

    credentials: Any = boto3._get_default_session().get_credentials()
    credentials._expiry_time = datetime.now(UTC) + timedelta(minutes=14, seconds=59)
    assert signing_key(store.part_upload_link("a", "b", 1, size=1, seconds=900)) == instance.credentials.access_key
    now += 299
    assert signing_key(store.link("a")) == first.access_key
    now += 1
    assert signing_key(store.link("a")) == instance.credentials.access_key


def put_part(store: MediaStore, key: str, upload_id: str, number: int, content: bytes) -> None:
    link = store.part_upload_link(key, upload_id, number, size=len(content), seconds=60)
    requests.put(link, data=content, timeout=30).raise_for_status()


def test_parts_in_any_order_make_one_object(store: MediaStore) -> None:
    upload_id = store.start_multipart_upload("uploads/a.mp4", "video/mp4")
    put_part(store, "uploads/a.mp4", upload_id, 2, b"end")
    put_part(store, "uploads/a.mp4", upload_id, 1, b"x" * 5 * 2**20)
    parts = store.parts("uploads/a.mp4", upload_id)
    assert parts is not None
    assert {number: part.size for number, part in parts.items()} == {1: 5 * 2**20, 2: 3}
    assert store.size("uploads/a.mp4") is None
    store.finish_multipart_upload("uploads/a.mp4", upload_id, parts)
    assert store.size("uploads/a.mp4") == 5 * 2**20 + 3
    assert requests.get(store.link("uploads/a.mp4"), timeout=30).headers["Content-Type"] == "video/mp4"
    # A second caller finds no upload, but the object.
    assert store.parts("uploads/a.mp4", upload_id) is None
    store.finish_multipart_upload("uploads/a.mp4", upload_id, parts)
    store.abort_multipart_upload("uploads/a.mp4", upload_id)
    assert store.size("uploads/a.mp4") == 5 * 2**20 + 3


def test_parts_are_listed_across_pages(store: MediaStore) -> None:
    """S3 lists a thousand parts per page, here two."""
    upload_id = store.start_multipart_upload("a", "video/mp4")
    for number in range(1, 6):
        put_part(store, "a", upload_id, number, b"x")
    pages: list[int] = []

    def make_short(params: dict[str, Any], **_: Any) -> None:
        pages.append(params.setdefault("MaxParts", 2))

    events = store._client.meta.events
    events.register("provide-client-params.s3.ListParts", make_short)
    try:
        parts = store.parts("a", upload_id)
    finally:
        events.unregister("provide-client-params.s3.ListParts", make_short)
    assert parts is not None and sorted(parts) == [1, 2, 3, 4, 5]
    assert pages == [2, 2, 2]


def test_aborted_upload_has_no_parts(store: MediaStore) -> None:
    upload_id = store.start_multipart_upload("a", "video/mp4")
    put_part(store, "a", upload_id, 1, b"clip")
    store.abort_multipart_upload("a", upload_id)
    assert store.parts("a", upload_id) is None
    assert store.size("a") is None


def test_invalid_parts_raise(store: MediaStore) -> None:
    upload_id = store.start_multipart_upload("a", "video/mp4")
    with pytest.raises(ClientError, match="InvalidPart"):
        store.finish_multipart_upload("a", upload_id, {1: UploadPart(4, '"0123"')})
