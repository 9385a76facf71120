"""The contract's form on a real portal: memory stays flat, and what is too large is refused before it is read."""

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
def roomy(open_site: SiteOpener) -> Iterator[PortalSite]:
    """A portal that takes files of up to 100 MiB, as the real one."""
    with open_site(max_upload_bytes=100 * MEBIBYTE) as site:
        yield site


def body(size: int) -> Iterator[bytes]:
    """The form with a file of a size, a piece at a time."""
    yield HEAD
    piece = bytes(64 * 1024)
    for _ in range(size // len(piece)):
        yield piece
    yield bytes(size % len(piece)) + TAIL


class Form:
    """The form as something that requests reads piece by piece and knows the length of.

    Args:
        size: bytes of the file in it.
    """

    def __init__(self, size: int) -> None:
        self._pieces = body(size)
        self._length = len(HEAD) + size + len(TAIL)

    def __len__(self) -> int:
        return self._length

    def read(self, _: int) -> bytes:
        return next(self._pieces, b"")


def upload(portal: PortalProcess, person: PortalUser, size: int) -> str:
    """Upload a file by the form; returns the video's id."""
    headers = {**person.headers, **FORM}
    answer = requests.post(f"{portal.url}/api/videos/upload", data=Form(size), headers=headers, timeout=120)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["task_id"])


class Memory:
    """How much the workers of a portal grow from now on.

    Args:
        portal: one that has done the like before, so that everything is loaded.
    """

    def __init__(self, portal: PortalProcess) -> None:
        pid = portal.process.pid
        self._workers = [
            Path(f"/proc/{child}") for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]
        for worker in self._workers:
            # proc(5): 5 sets the peak back to what is resident now.
            (worker / "clear_refs").write_text("5")
        self._before = self._peaks()

    def growth(self) -> int:
        """The bytes by which all workers together have grown at their peaks."""
        return sum(peak - before for peak, before in zip(self._peaks(), self._before, strict=True))

    def _peaks(self) -> list[int]:
        found = [re.search(r"VmHWM:\s+(\d+) kB", (worker / "status").read_text()) for worker in self._workers]
        return [int(match[1]) * 1024 for match in found if match]


def warm_up(portal: PortalProcess, person: PortalUser) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: upload(portal, person, 1000), range(32)))


def test_a_file_of_100_mb_passes_with_flat_memory(roomy: PortalSite, aws_port: int) -> None:
    portal, person = roomy.portal, roomy.new_user()
    warm_up(portal, person)
    memory = Memory(portal)
    video_id = upload(portal, person, 100 * MEBIBYTE)
    assert memory.growth() < 40 * MEBIBYTE
    stored = aws.client("s3", aws_port).head_object(
        Bucket=roomy.environment.media_bucket, Key=f"uploads/{video_id}.mp4"
    )
    assert stored["ContentLength"] == 100 * MEBIBYTE


def test_files_side_by_side_cost_a_part_each(roomy: PortalSite) -> None:
    portal, person = roomy.portal, roomy.new_user()
    warm_up(portal, person)
    memory = Memory(portal)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: upload(portal, person, 40 * MEBIBYTE), range(4)))
    assert memory.growth() < 4 * 24 * MEBIBYTE


@pytest.mark.parametrize("size", [101 * MEBIBYTE, 10**12], ids=["a little", "far"])
def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_sent(roomy: PortalSite, size: int) -> None:
    address = urlsplit(roomy.url)
    head = [
        "POST /api/videos/upload HTTP/1.1",
        f"Host: {address.netloc}",
        f"Content-Length: {size + MEBIBYTE}",
        *(f"{name}: {value}" for name, value in {**roomy.new_user().headers, **FORM}.items()),
    ]
    with socket.create_connection((str(address.hostname), address.port or 80), timeout=60) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode())
        # Not one byte of the body is sent, and the answer is there.
        answer = connection.makefile("rb").read().decode()
    status, _, content = answer.partition("\r\n\r\n")
    assert status.startswith("HTTP/1.1 400 ")
    assert json.loads(content)["error"] == "File size exceeds maximum allowed (100MB)"


def test_a_body_without_a_length_ends_at_the_limit(site: PortalSite) -> None:
    headers = {**site.new_user().headers, **FORM}
    answer = requests.post(f"{site.url}/api/videos/upload", data=body(MEBIBYTE), headers=headers, timeout=60)
    assert answer.status_code == 201
    sent = []

    def endless() -> Iterator[bytes]:
        for piece in body(10**11):
            sent.append(len(piece))
            yield piece

    # The portal answers and closes while the client still sends; not every client then reads the answer.
    with suppress(requests.ConnectionError):
        answer = requests.post(f"{site.url}/api/videos/upload", data=endless(), headers=headers, timeout=60)
        assert (answer.status_code, answer.json()["error"]) == (400, "File size exceeds maximum allowed (1MB)")
    assert sum(sent) < 64 * MEBIBYTE
