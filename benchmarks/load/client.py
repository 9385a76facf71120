"""A client that keeps many connections busy and little else: requests are written beforehand, answers hardly read.

It runs in a process of its own. What it costs is measured with everything else, so that a table can tell how much of
the machine it took from the portal.
"""

from __future__ import annotations

import heapq
import itertools
import math
import multiprocessing
import re
import resource
import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ETAG = re.compile(rb"\r\netag: *([^\r]+)", re.IGNORECASE)
_WARM_UP = 0.1


@dataclass(frozen=True, kw_only=True)
class LoadGenerator:
    """What is asked, and how.

    Args:
        port: on loopback.
        requests: whole requests, as bytes.
        connections: kept alive, each with one request under way at most.
        seconds: how long to ask.
        once: whether each request is sent once, and the load ends with the last of them.
        every: each connection asks once in so many seconds; None as soon as it was answered.
    """

    port: int
    requests: Sequence[bytes]
    connections: int
    seconds: float
    once: bool = False
    every: float | None = None


@dataclass(kw_only=True)
class RequestOutcome:
    """What was answered, after a tenth of the time to warm up.

    Args:
        seconds: that were measured.
        statuses: how many answers had each; 0 for a connection that broke.
        latencies: of the answers, in seconds.
        answers: all of them, from the first on.
        processor: seconds that the client itself computed.
    """

    seconds: float
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    answers: int = 0
    processor: float = 0.0

    def per_answer(self, amount: float) -> float:
        """A share of an amount for each answer."""
        return amount / max(1, self.answers)

    def rate(self, *wanted: int) -> float:
        """Answers of these statuses in a second."""
        return sum(self.statuses[status] for status in wanted) / self.seconds

    def latency(self, share: float) -> float:
        """The time in which so many of the answers came, in seconds.

        Args:
            share: of the answers, such as 0.95.
        """
        return sorted(self.latencies)[math.ceil(len(self.latencies) * share) - 1] if self.latencies else math.inf


class _Connection:
    def __init__(self, number: int, port: int) -> None:
        self.number = number
        self._port = port
        self.asked_at = 0.0
        self.etag = b""
        self._received = b""
        self.socket = self._open()

    def ask(self, request: bytes) -> None:
        # Nothing shorter than a page fills a socket's buffer, so one send is enough.
        if self.etag:
            request = request.replace(b"\r\n\r\n", b"\r\nIf-None-Match: " + self.etag + b"\r\n\r\n", 1)
        self.asked_at = time.perf_counter()
        self._received = b""
        self.socket.send(request)

    def status(self) -> int | None:
        """The status of the answer, 0 where there will be none, None while it is not whole."""
        try:
            piece = self.socket.recv(262_144)
        except ConnectionError:
            piece = b""
        if not piece:
            return 0
        self._received += piece
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator:
            return None
        length = _LENGTH.search(head)
        if length is not None and len(body) < int(length[1]):
            return None
        return int(head[9:12])

    def remember(self) -> None:
        """Ask for what has changed since, as a browser does."""
        known = _ETAG.search(self._received[:4096])
        if known is not None:
            self.etag = known[1]

    def reopen(self) -> None:
        self.socket.close()
        self.socket = self._open()

    def _open(self) -> socket.socket:
        opened = socket.create_connection(("127.0.0.1", self._port), timeout=30)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened


class _Run:
    def __init__(self, load: LoadGenerator) -> None:
        self._load = load
        self._requests = iter(load.requests) if load.once else itertools.cycle(load.requests)
        self._selector = selectors.DefaultSelector()
        self._connections = [_Connection(number, load.port) for number in range(load.connections)]
        for connection in self._connections:
            self._selector.register(connection.socket, selectors.EVENT_READ, connection)
        started = time.perf_counter()
        self._counted_from, self._end = started + load.seconds * _WARM_UP, started + load.seconds
        # With a rhythm, the connections begin one after the other, as people do.
        step = (load.every or 0.0) / load.connections
        self._due = [(started + number * step, number) for number in range(load.connections)]
        self._busy, self._last = 0, started
        self._outcome = RequestOutcome(seconds=0)

    def go(self) -> RequestOutcome:
        used = _processor_seconds()
        while True:
            now = time.perf_counter()
            self._ask(now)
            if now >= self._end and self._busy == 0:
                break
            pause = max(0.0, min([self._end, *(moment for moment, _ in self._due[:1])]) - now)
            for key, _ in self._selector.select(pause if now < self._end else 30.0):
                self._hear(key.data)
        self._outcome.seconds = max(self._last - self._counted_from, 1e-9)
        self._outcome.processor = _processor_seconds() - used
        for connection in self._connections:
            connection.socket.close()
        self._selector.close()
        return self._outcome

    def _ask(self, now: float) -> None:
        while self._due and self._due[0][0] <= now < self._end:
            _, number = heapq.heappop(self._due)
            request = next(self._requests, None)
            if request is None:
                self._end = now
                return
            self._connections[number].ask(request)
            self._busy += 1

    def _hear(self, connection: _Connection) -> None:
        status = connection.status()
        if status is None:
            return
        self._busy -= 1
        self._outcome.answers += 1
        self._last = time.perf_counter()
        if self._last >= self._counted_from:
            self._outcome.statuses[status] += 1
            self._outcome.latencies.append(self._last - connection.asked_at)
        if status == 0:
            self._selector.unregister(connection.socket)
            connection.reopen()
            self._selector.register(connection.socket, selectors.EVENT_READ, connection)
        elif self._load.every is not None:
            connection.remember()
        again = self._last if self._load.every is None else connection.asked_at + self._load.every
        heapq.heappush(self._due, (again, connection.number))


def run(load: LoadGenerator) -> RequestOutcome:
    """Ask for as long as the load says."""
    return _Run(load).go()


@contextmanager
def clients(count: int) -> Iterator[ProcessPoolExecutor]:
    """Processes for so many loads side by side."""
    # Not forked: the bench has threads, and a fork of them may hold their locks.
    with ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


def start(pool: ProcessPoolExecutor, load: LoadGenerator) -> Future[RequestOutcome]:
    """Run a load in a process of its own."""
    return pool.submit(run, load)


def request(method: str, path: str, *, token: str = "", address: str = "", body: bytes = b"") -> bytes:
    """A whole request.

    Args:
        token: bearer token of who asks.
        address: that it comes from, as a proxy tells.
        body: JSON.
    """
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += [f"X-Forwarded-For: {address}"] if address else []
    lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"] if body or method == "POST" else []
    return "\r\n".join([*lines, "", ""]).encode() + body


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
