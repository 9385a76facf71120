"""The object store: files go in and out, links stay the same for a while, forms allow one file alone."""

from __future__ import annotations

import io
import uuid
from pathlib import Path

import pytest
import requests

from operations.local import aws
from services.core.aws import aws_client
from services.core.storage import MediaStore, original_key, poster_key, processed_key

VIDEO = uuid.UUID("00000000-0000-4000-8000-000000000001")


@pytest.fixture
def store(media_bucket: str) -> MediaStore:
    return MediaStore(aws_client("s3", aws.REGION), media_bucket)


def test_keys_are_made_of_ids_alone() -> None:
    assert original_key(VIDEO) == f"uploads/{VIDEO}.mp4"
    assert processed_key(VIDEO, 2) == f"processed/{VIDEO}/2.mp4"
    assert poster_key(VIDEO, 2) == f"processed/{VIDEO}/2.jpg"


@pytest.mark.parametrize("size", [0, 1, 20 * 2**20])
def test_what_is_stored_is_what_is_there(store: MediaStore, size: int) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    store.store("uploads/a.mp4", io.BytesIO(content), "video/mp4")
    assert store.size("uploads/a.mp4") == size
    answer = requests.get(store.link("uploads/a.mp4"), timeout=30)
    assert answer.content == content
    assert answer.headers["Content-Type"] == "video/mp4"


def test_files_go_in_and_out(store: MediaStore, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"clip")
    store.store_file("processed/a.mp4", tmp_path / "in", "video/mp4")
    store.fetch_file("processed/a.mp4", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"clip"


def test_what_is_not_there(store: MediaStore, tmp_path: Path) -> None:
    assert store.size("nothing") is None
    with pytest.raises(FileNotFoundError):
        store.fetch_file("nothing", tmp_path / "out")
    store.delete("nothing")


def test_the_beginning_of_an_object(store: MediaStore) -> None:
    store.store("a", io.BytesIO(b"0123456789"), "video/mp4")
    assert store.first_bytes("a", 4) == b"0123"
    assert store.first_bytes("a", 400) == b"0123456789"


def test_deleted_objects_are_gone(store: MediaStore) -> None:
    for key in ("a", "b", "c"):
        store.store(key, io.BytesIO(b"x"), "video/mp4")
    store.delete("a", "b")
    assert [store.size(key) for key in ("a", "b", "c")] == [None, None, 1]


def test_a_link_stays_the_same_within_its_five_minutes(store: MediaStore, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000 * 300.0
    monkeypatch.setattr("services.core.storage.time.time", lambda: now)
    first = store.link("a")
    now += 299
    assert store.link("a") == first
    assert store.link("b") != first


def test_a_form_takes_a_file_straight_to_its_key(store: MediaStore) -> None:
    form = store.upload_form("uploads/a.mp4", content_type="video/mp4", max_bytes=10, seconds=60)
    sent = requests.post(form["url"], data=form["fields"], files={"file": b"clip"}, timeout=30)
    assert sent.status_code in (200, 204)
    assert store.size("uploads/a.mp4") == 4
