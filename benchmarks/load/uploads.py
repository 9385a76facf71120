"""What a large upload costs the portal's memory, by each of its two roads."""

from __future__ import annotations

import http.client
import json
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psutil

from benchmarks.load.site import BenchmarkSite
from benchmarks.load.targets import Goal
from workspace.errors import UserError

MEGABYTE = 10**6
_FTYP = b"\0\0\0\x18ftypisom\0\0\2\0isommp42"
_MOST_GROWTH = 0.25
FORM, DIRECT = "form, through the portal", "in parts, straight to the bucket"


@dataclass(frozen=True, kw_only=True)
class UploadTiming:
    """What an upload needed.

    Args:
        size: bytes of the video.
        growth: bytes by which the portal's processes grew, at the most, by road.
    """

    size: int
    growth: dict[str, int]

    @property
    def goals(self) -> list[Goal]:
        """What is wanted of them."""
        worst = max(self.growth.values())
        return [
            Goal(
                wanted=f"Flat memory: an upload needs less than {_MOST_GROWTH:.0%} of its size",
                found=f"{worst / MEGABYTE:.1f} MB for {self.size / MEGABYTE:.0f} MB",
                met=worst < _MOST_GROWTH * self.size,
            )
        ]


def measure(site: BenchmarkSite, *, size: int, told: Callable[[str], None]) -> UploadTiming:
    """Upload a video by each road and watch the portal's memory.

    Args:
        size: bytes of the video.
    """
    growth = {}
    roads: dict[str, Callable[[BenchmarkSite, int], None]] = {FORM: _by_form, DIRECT: _in_parts}
    for road, send in roads.items():
        told(road)
        # The first one loads what every later one finds: code, AWS's client and its buffers.
        send(site, len(_FTYP) + 1000)
        with _peak(site) as peak:
            send(site, size)
        growth[road] = peak[-1] - peak[0]
    return UploadTiming(size=size, growth=growth)


def table(sent: UploadTiming) -> str:
    """The growth as Markdown."""
    lines = [f"| {sent.size / MEGABYTE:.0f} MB, sent | the portal's processes grew by |", "| --- | ---: |"]
    lines += [f"| {road} | {growth / MEGABYTE:.1f} MB |" for road, growth in sent.growth.items()]
    return "\n".join([*lines, "", "Resident memory of all its processes together, at the most, read every 10 ms."])


@contextmanager
def _peak(site: BenchmarkSite) -> Iterator[list[int]]:
    """The memory of the portal before the block, and after it the most that it had."""
    main = psutil.Process(site.portal.pid)
    processes = [main, *main.children(recursive=True)]
    seen, ended = [_resident(processes)], threading.Event()

    def watch() -> None:
        most = seen[0]
        while not ended.wait(0.01):
            most = max(most, _resident(processes))
        seen.append(most)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()


def _resident(processes: list[psutil.Process]) -> int:
    total = 0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total


def _by_form(site: BenchmarkSite, size: int) -> None:
    head = (
        b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\nTriple doble\r\n'
        b'--x\r\nContent-Disposition: form-data; name="video_file"; filename="play.mp4"\r\n\r\n' + _FTYP
    )
    tail = b"\r\n--x--\r\n"
    headers = {
        "Content-Type": "multipart/form-data; boundary=x",
        "Content-Length": str(len(head) + size - len(_FTYP) + len(tail)),
    }
    _ask(site, "/api/videos/upload", _pieces(head, size - len(_FTYP), tail), headers)


def _in_parts(site: BenchmarkSite, size: int) -> None:
    declared = json.dumps({"title": "Triple doble", "filename": "play.mp4", "size": size}).encode()
    upload = _ask(site, "/api/videos/uploads", declared, {"Content-Type": "application/json"})
    path = f"/api/videos/uploads/{upload['video_id']}"
    wanted = json.dumps({"numbers": upload["missing"]}).encode()
    for link in _ask(site, f"{path}/parts", wanted, {"Content-Type": "application/json"})["parts"]:
        content = (_FTYP if link["number"] == 1 else b"").ljust(link["size"], b"\0")
        to = urllib.parse.urlsplit(link["url"])
        bucket = http.client.HTTPConnection(str(to.hostname), to.port, timeout=60)
        bucket.request("PUT", f"{to.path}?{to.query}", content)
        answer = bucket.getresponse()
        if answer.status != 200:
            raise UserError(f"The bucket answered {answer.status} to a part of an upload.")
        bucket.close()
    _ask(site, f"{path}/complete", b"", {})


def _pieces(head: bytes, size: int, tail: bytes) -> Iterator[bytes]:
    yield head
    piece = bytes(65_536)
    for _ in range(size // len(piece)):
        yield piece
    yield bytes(size % len(piece)) + tail


def _ask(site: BenchmarkSite, path: str, body: bytes | Iterator[bytes], headers: dict[str, str]) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
    connection.request("POST", path, body, {"Authorization": f"Bearer {site.tokens[0]}", **headers})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    if answer.status not in (200, 201):
        raise UserError(f"The portal answered {answer.status} to an upload: {content.decode(errors='replace')}")
    return json.loads(content)
