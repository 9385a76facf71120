"""A lightweight HTTP load client: many connections, prepared requests, minimal parsing of responses.

It runs in a separate process. Its CPU time is measured too, because it competes with the portal for the cores.
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
    """A load to generate.

    Args:
        port: port on loopback.
        requests: complete requests, as bytes.
        connections: number of keep-alive connections, each with at most one request in flight.
        seconds: maximum duration.
        once: whether to send each request only once; otherwise they repeat.
        every: interval between requests of a connection, in seconds; None to send without pause.
    """

    port: int
    requests: Sequence[bytes]
    connections: int
    seconds: float
    once: bool = False
    every: float | None = None


@dataclass(kw_only=True)
class RequestOutcome:
    """Result of a load; the first tenth of the time is warm-up.

    Args:
        seconds: measured time.
        statuses: number of responses by status; 0 is a broken connection.
        latencies: latencies of the responses, in seconds.
        responses: number of all responses, warm-up included.
        cpu_seconds: CPU time of the client.
    """

    seconds: float
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    responses: int = 0
    cpu_seconds: float = 0.0

    def per_response(self, amount: float) -> float:
        """Return an amount divided by the number of responses."""
        return amount / max(1, self.responses)

    def rate(self, *statuses: int) -> float:
        """Return the responses per second with one of these statuses."""
        return sum(self.statuses[status] for status in statuses) / self.seconds

    def latency(self, share: float) -> float:
        """Return a percentile of the latencies, in seconds.

        Args:
            share: share of the responses, such as 0.95.
        """
        return sorted(self.latencies)[math.ceil(len(self.latencies) * share) - 1] if self.latencies else math.inf


class _Connection:
    def __init__(self, number: int, port: int) -> None:
        self.number = number
        self._port = port
        self.sent_at = 0.0
        self.etag = b""
        self._received = b""
        self.socket = self._open()

    def send(self, request: bytes) -> None:
        # Requests are smaller than the socket buffer, so one send suffices.
        if self.etag:
            request = request.replace(b"\r\n\r\n", b"\r\nIf-None-Match: " + self.etag + b"\r\n\r\n", 1)
        self.sent_at = time.perf_counter()
        self._received = b""
        self.socket.send(request)

    def status(self) -> int | None:
        """Return the status of the response; 0 if the connection broke, None while it is incomplete."""
        try:
            chunk = self.socket.recv(262_144)
        except ConnectionError:
            chunk = b""
        if not chunk:
            return 0
        self._received += chunk
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator:
            return None
        length = _LENGTH.search(head)
        if length is not None and len(body) < int(length[1]):
            return None
        return int(head[9:12])

    def remember_etag(self) -> None:
        """Store the ETag for conditional requests, as a browser does."""
        etag = _ETAG.search(self._received[:4096])
        if etag is not None:
            self.etag = etag[1]

    def reopen(self) -> None:
        self.socket.close()
        self.socket = self._open()

    def _open(self) -> socket.socket:
        opened = socket.create_connection(("127.0.0.1", self._port), timeout=30)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened


class _LoadRun:
    def __init__(self, load: LoadGenerator) -> None:
        self._load = load
        self._requests = iter(load.requests) if load.once else itertools.cycle(load.requests)
        self._selector = selectors.DefaultSelector()
        self._connections = [_Connection(number, load.port) for number in range(load.connections)]
        for connection in self._connections:
            self._selector.register(connection.socket, selectors.EVENT_READ, connection)
        started = time.perf_counter()
        self._counted_from, self._end = started + load.seconds * _WARM_UP, started + load.seconds
        # With an interval, spread the first requests of the connections evenly.
        step = (load.every or 0.0) / load.connections
        self._due = [(started + number * step, number) for number in range(load.connections)]
        self._in_flight, self._last_response_at = 0, started
        self._outcome = RequestOutcome(seconds=0)

    def run(self) -> RequestOutcome:
        cpu_started = _cpu_seconds()
        while True:
            now = time.perf_counter()
            self._send_due(now)
            if now >= self._end and self._in_flight == 0:
                break
            pause = max(0.0, min([self._end, *(moment for moment, _ in self._due[:1])]) - now)
            for key, _ in self._selector.select(pause if now < self._end else 30.0):
                self._receive(key.data)
        self._outcome.seconds = max(self._last_response_at - self._counted_from, 1e-9)
        self._outcome.cpu_seconds = _cpu_seconds() - cpu_started
        for connection in self._connections:
            connection.socket.close()
        self._selector.close()
        return self._outcome

    def _send_due(self, now: float) -> None:
        while self._due and self._due[0][0] <= now < self._end:
            _, number = heapq.heappop(self._due)
            request = next(self._requests, None)
            if request is None:
                self._end = now
                return
            self._connections[number].send(request)
            self._in_flight += 1

    def _receive(self, connection: _Connection) -> None:
        status = connection.status()
        if status is None:
            return
        self._in_flight -= 1
        self._outcome.responses += 1
        self._last_response_at = time.perf_counter()
        if self._last_response_at >= self._counted_from:
            self._outcome.statuses[status] += 1
            self._outcome.latencies.append(self._last_response_at - connection.sent_at)
        if status == 0:
            self._selector.unregister(connection.socket)
            connection.reopen()
            self._selector.register(connection.socket, selectors.EVENT_READ, connection)
        elif self._load.every is not None:
            connection.remember_etag()
        next_send = self._last_response_at if self._load.every is None else connection.sent_at + self._load.every
        heapq.heappush(self._due, (next_send, connection.number))


def run(load: LoadGenerator) -> RequestOutcome:
    """Generate a load and return the outcome."""
    return _LoadRun(load).run()


@contextmanager
def clients(count: int) -> Iterator[ProcessPoolExecutor]:
    """Start a pool of processes for concurrent loads."""
    # Spawn: forking a threaded process may copy locked locks.
    with ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


def start(pool: ProcessPoolExecutor, load: LoadGenerator) -> Future[RequestOutcome]:
    """Run a load in a process of the pool."""
    return pool.submit(run, load)


def request(method: str, path: str, *, token: str = "", address: str = "", body: bytes = b"") -> bytes:
    """Build a complete request.

    Args:
        method: HTTP method.
        path: path with query.
        token: bearer token.
        address: client address for X-Forwarded-For.
        body: JSON body.
    """
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += [f"X-Forwarded-For: {address}"] if address else []
    lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"] if body or method == "POST" else []
    return "\r\n".join([*lines, "", ""]).encode() + body


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
