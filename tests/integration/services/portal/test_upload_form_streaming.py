"""The upload form on a real portal: memory is bounded, and too large bodies are rejected before they are read."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from emulator import aws

from .people import PortalUser
from .process import PortalProcess
from .site import PortalSite, SiteOpener

MEBIBYTE = 2**20
HEAD = (
    b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\nTriple doble\r\n'
    b'--x\r\nContent-Disposition: form-data; name="video_file"; filename="a.mp4"\r\n\r\n'
)
TAIL = b"\r\n--x--\r\n"
FORM = {"Content-Type": "multipart/form-data; boundary=x"}


@pytest.fixture(scope="module")
def large_upload_site(open_site: SiteOpener) -> Iterator[PortalSite]:
    """A portal that accepts files of up to 100 MiB, as in production."""
    with open_site(max_upload_bytes=100 * MEBIBYTE) as site:
        yield site


def body(size: int) -> Iterator[bytes]:
    """Yield the form's body with a file of the given size, in pieces."""
    yield HEAD
    piece = bytes(64 * 1024)
    for _ in range(size // len(piece)):
        yield piece
    yield bytes(size % len(piece)) + TAIL


class StreamedForm:
    """The form as a body of known length that requests reads in pieces.

    Args:
        size: Size of the file in bytes.
    """

    def __init__(self, size: int) -> None:
        self._pieces = body(size)
        self._length = len(HEAD) + size + len(TAIL)

    def __len__(self) -> int:
        return self._length

    def read(self, _: int) -> bytes:
        return next(self._pieces, b"")


def upload(portal: PortalProcess, person: PortalUser, size: int) -> str:
    """Upload a file with the form; return the video's id."""
    headers = {**person.headers, **FORM}
    answer = requests.post(f"{portal.url}/api/videos/upload", data=StreamedForm(size), headers=headers, timeout=120)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["task_id"])


class MemoryGrowth:
    """Memory growth of a portal's workers since construction.

    Args:
        portal: Portal that has already handled such requests, so that all code is loaded.
    """

    def __init__(self, portal: PortalProcess) -> None:
        pid = portal.process.pid
        self._workers = [
            Path(f"/proc/{child}") for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]
        for worker in self._workers:
            # proc(5): 5 resets the peak to the current resident set.
            (worker / "clear_refs").write_text("5")
        self._before = self._peaks()

    def growth(self) -> int:
        """Return the sum of the workers' peak growth in bytes."""
        return sum(peak - before for peak, before in zip(self._peaks(), self._before, strict=True))

    def _peaks(self) -> list[int]:
        matches = [re.search(r"VmHWM:\s+(\d+) kB", (worker / "status").read_text()) for worker in self._workers]
        return [int(match[1]) * 1024 for match in matches if match]


def warm_up(portal: PortalProcess, person: PortalUser) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: upload(portal, person, 1000), range(32)))


def test_memory_is_bounded_for_a_100_mb_upload(large_upload_site: PortalSite, aws_port: int) -> None:
    portal, person = large_upload_site.portal, large_upload_site.new_user()
    warm_up(portal, person)
    memory = MemoryGrowth(portal)
    video_id = upload(portal, person, 100 * MEBIBYTE)
    assert memory.growth() < 40 * MEBIBYTE
    stored = aws.client("s3", aws_port).head_object(
        Bucket=large_upload_site.environment.media_bucket, Key=f"uploads/{video_id}.mp4"
    )
    assert stored["ContentLength"] == 100 * MEBIBYTE


def test_concurrent_uploads_buffer_one_part_each(large_upload_site: PortalSite) -> None:
    portal, person = large_upload_site.portal, large_upload_site.new_user()
    warm_up(portal, person)
    memory = MemoryGrowth(portal)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: upload(portal, person, 40 * MEBIBYTE), range(4)))
    assert memory.growth() < 4 * 24 * MEBIBYTE


@pytest.mark.parametrize("size", [101 * MEBIBYTE, 10**12], ids=["a little", "far"])
def test_too_large_content_length_is_rejected_without_body(large_upload_site: PortalSite, size: int) -> None:
    address = urlsplit(large_upload_site.url)
    head = [
        "POST /api/videos/upload HTTP/1.1",
        f"Host: {address.netloc}",
        f"Content-Length: {size + MEBIBYTE}",
        *(f"{name}: {value}" for name, value in {**large_upload_site.new_user().headers, **FORM}.items()),
    ]
    with socket.create_connection((str(address.hostname), address.port or 80), timeout=60) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode())
        # The response arrives although no byte of the body was sent.
        answer = connection.makefile("rb").read().decode()
    status, _, content = answer.partition("\r\n\r\n")
    assert status.startswith("HTTP/1.1 400 ")
    assert json.loads(content)["error"] == "File size exceeds maximum allowed (100MB)"


def test_chunked_body_is_cut_off_at_the_limit(site: PortalSite) -> None:
    headers = {**site.new_user().headers, **FORM}
    answer = requests.post(f"{site.url}/api/videos/upload", data=body(MEBIBYTE), headers=headers, timeout=60)
    assert answer.status_code == 201
    sent = []

    def endless() -> Iterator[bytes]:
        for piece in body(10**11):
            sent.append(len(piece))
            yield piece

    # The portal responds and closes while the client still sends; not every client then reads the response.
    with suppress(requests.ConnectionError):
        answer = requests.post(f"{site.url}/api/videos/upload", data=endless(), headers=headers, timeout=60)
        assert (answer.status_code, answer.json()["error"]) == (400, "File size exceeds maximum allowed (1MB)")
    assert sum(sent) < 64 * MEBIBYTE
