"""Memory of the portal during a large upload, by upload method."""

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
from benchmarks.load.targets import TargetResult
from workspace.errors import UserError

MEGABYTE = 10**6
_FTYP = b"\0\0\0\x18ftypisom\0\0\2\0isommp42"
_MAX_GROWTH = 0.25
FORM, DIRECT = "form, through the portal", "in parts, straight to the bucket"


@dataclass(frozen=True, kw_only=True)
class UploadTiming:
    """Memory used by uploads.

    Args:
        size: size of the video in bytes.
        growth: peak growth of the portal's processes in bytes, by upload method.
    """

    size: int
    growth: dict[str, int]

    @property
    def targets(self) -> list[TargetResult]:
        """Targets of the uploads."""
        worst = max(self.growth.values())
        return [
            TargetResult(
                description=f"Flat memory: an upload needs less than {_MAX_GROWTH:.0%} of its size",
                measured=f"{worst / MEGABYTE:.1f} MB for {self.size / MEGABYTE:.0f} MB",
                met=worst < _MAX_GROWTH * self.size,
            )
        ]


def measure(site: BenchmarkSite, *, size: int, on_progress: Callable[[str], None]) -> UploadTiming:
    """Upload a video by each method and watch the portal's memory.

    Args:
        site: portal under load.
        size: size of the video in bytes.
        on_progress: called with the name of the next method.
    """
    growth = {}
    methods: dict[str, Callable[[BenchmarkSite, int], None]] = {FORM: _upload_by_form, DIRECT: _upload_in_parts}
    for method, upload in methods.items():
        on_progress(method)
        # Warm-up: loads code, the AWS client and its buffers.
        upload(site, len(_FTYP) + 1000)
        with _peak_memory(site) as memory:
            upload(site, size)
        growth[method] = memory[-1] - memory[0]
    return UploadTiming(size=size, growth=growth)


def render_table(timing: UploadTiming) -> str:
    """Render the growth as Markdown."""
    lines = [f"| {timing.size / MEGABYTE:.0f} MB upload | growth of the portal's processes |", "| --- | ---: |"]
    lines += [f"| {method} | {growth / MEGABYTE:.1f} MB |" for method, growth in timing.growth.items()]
    return "\n".join([*lines, "", "Peak resident memory of all its processes together, sampled every 10 ms."])


@contextmanager
def _peak_memory(site: BenchmarkSite) -> Iterator[list[int]]:
    """Yield a list with the portal's memory before the block; append the peak after it."""
    main = psutil.Process(site.portal.pid)
    processes = [main, *main.children(recursive=True)]
    memory, ended = [_resident(processes)], threading.Event()

    def watch() -> None:
        peak = memory[0]
        while not ended.wait(0.01):
            peak = max(peak, _resident(processes))
        memory.append(peak)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield memory
    finally:
        ended.set()
        watcher.join()


def _resident(processes: list[psutil.Process]) -> int:
    total = 0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total


def _upload_by_form(site: BenchmarkSite, size: int) -> None:
    head = (
        b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\nTriple doble\r\n'
        b'--x\r\nContent-Disposition: form-data; name="video_file"; filename="play.mp4"\r\n\r\n' + _FTYP
    )
    tail = b"\r\n--x--\r\n"
    headers = {
        "Content-Type": "multipart/form-data; boundary=x",
        "Content-Length": str(len(head) + size - len(_FTYP) + len(tail)),
    }
    _post(site, "/api/videos/upload", _body_chunks(head, size - len(_FTYP), tail), headers)


def _upload_in_parts(site: BenchmarkSite, size: int) -> None:
    declared = json.dumps({"title": "Triple doble", "filename": "play.mp4", "size": size}).encode()
    upload = _post(site, "/api/videos/uploads", declared, {"Content-Type": "application/json"})
    path = f"/api/videos/uploads/{upload['video_id']}"
    numbers = json.dumps({"numbers": upload["missing"]}).encode()
    for link in _post(site, f"{path}/parts", numbers, {"Content-Type": "application/json"})["parts"]:
        content = (_FTYP if link["number"] == 1 else b"").ljust(link["size"], b"\0")
        target = urllib.parse.urlsplit(link["url"])
        bucket = http.client.HTTPConnection(str(target.hostname), target.port, timeout=60)
        bucket.request("PUT", f"{target.path}?{target.query}", content)
        response = bucket.getresponse()
        if response.status != 200:
            raise UserError(f"The bucket responded {response.status} to a part of an upload.")
        bucket.close()
    _post(site, f"{path}/complete", b"", {})


def _body_chunks(head: bytes, size: int, tail: bytes) -> Iterator[bytes]:
    yield head
    chunk = bytes(65_536)
    for _ in range(size // len(chunk)):
        yield chunk
    yield bytes(size % len(chunk)) + tail


def _post(site: BenchmarkSite, path: str, body: bytes | Iterator[bytes], headers: dict[str, str]) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
    connection.request("POST", path, body, {"Authorization": f"Bearer {site.tokens[0]}", **headers})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    if response.status not in (200, 201):
        raise UserError(f"The portal responded {response.status} to an upload: {content.decode(errors='replace')}")
    return json.loads(content)
