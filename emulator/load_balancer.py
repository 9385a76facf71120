"""A small load balancer that behaves as AWS's does where it matters for a rollout.

It checks health, sends requests to healthy targets in turn, keeps connections to them open and uses them again,
never repeats a request, and lets those of a leaving target finish.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html
"""

from __future__ import annotations

import http.client
import itertools
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from workspace.ports import LOOPBACK

Connect = Callable[[str], socket.socket]

_CHUNK = 256 * 1024
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-connection"}


@dataclass(kw_only=True)
class BalancerTarget:
    """Somebody who answers requests.

    Args:
        name: what `connect` takes.
        healthy: whether its last checks passed.
        checks: how many in a row said the opposite of `healthy`.
        busy: requests it is answering.
        idle: open connections to it that are free.
    """

    name: str
    healthy: bool = False
    checks: int = 0
    busy: int = 0
    idle: list[http.client.HTTPConnection] = field(default_factory=list)


class LoadBalancer:
    """Listens on loopback.

    Args:
        connect: opens a connection to a target.
        health_path: answers 200 when a target is healthy.
        interval: seconds between health checks.
        threshold: checks in a row that change a target's health.
    """

    def __init__(
        self, connect: Connect, *, health_path: str = "/health", interval: float = 1.0, threshold: int = 2
    ) -> None:
        self._connect = connect
        self._health_path, self._interval, self._threshold = health_path, interval, threshold
        self._targets: dict[str, BalancerTarget] = {}
        self._turn = itertools.count()
        self._changed = threading.Condition()
        self._over = threading.Event()
        balancer = self

        class Handler(_Handler):
            balancing = balancer

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self._server.daemon_threads = True
        self._threads = [
            threading.Thread(target=self._server.serve_forever, daemon=True),
            threading.Thread(target=self._check_health, daemon=True),
        ]

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{LOOPBACK}:{self._server.server_address[1]}"

    def __enter__(self) -> LoadBalancer:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def register(self, name: str) -> None:
        """Add a target; it gets requests once it is healthy."""
        with self._changed:
            self._targets[name] = BalancerTarget(name=name)

    def wait_until_healthy(self, name: str, *, seconds: float) -> bool:
        """Wait until a target is healthy; gives whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._targets[name].healthy, seconds)

    def deregister(self, name: str, *, delay: float) -> bool:
        """Send a target nothing more and let it finish what it has.

        Args:
            name: of the target.
            delay: seconds it may take.

        Returns:
            Whether it finished in time.
        """
        with self._changed:
            target = self._targets.pop(name)
            finished = self._changed.wait_for(lambda: target.busy == 0, delay)
        for connection in target.idle:
            connection.close()
        return finished

    def healthy(self) -> list[str]:
        """The names of the targets that get requests."""
        with self._changed:
            return [target.name for target in self._targets.values() if target.healthy]

    @contextmanager
    def borrow(self) -> Iterator[http.client.HTTPConnection | None]:
        """A connection to the target whose turn it is; None when there is no target.

        As AWS's does, it sends requests to sick targets when no other is left.
        """
        with self._changed:
            targets = list(self._targets.values())
            able = [target for target in targets if target.healthy] or targets
            target = able[next(self._turn) % len(able)] if able else None
            if target:
                target.busy += 1
        if target is None:
            yield None
            return
        connection = None
        try:
            connection = self._idle(target) or self._open(target.name)
            yield connection
            self._keep(target, connection)
        except BaseException:
            if connection:
                connection.close()
            raise
        finally:
            with self._changed:
                target.busy -= 1
                self._changed.notify_all()

    def _idle(self, target: BalancerTarget) -> http.client.HTTPConnection | None:
        """A connection that its target has not closed meanwhile."""
        while True:
            with self._changed:
                connection = target.idle.pop() if target.idle else None
            if connection is None or not select.select([connection.sock], [], [], 0)[0]:
                return connection
            connection.close()

    def _keep(self, target: BalancerTarget, connection: http.client.HTTPConnection) -> None:
        with self._changed:
            # Without a socket the target has said that this was the last request.
            if connection.sock and self._targets.get(target.name) is target:
                target.idle.append(connection)
            else:
                connection.close()

    def _open(self, name: str) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(name, timeout=60)
        connection.sock = self._connect(name)
        # It is this connection or none: a request is not sent again by another.
        connection.auto_open = 0
        return connection

    def _check_health(self) -> None:
        while not self._over.wait(self._interval):
            with self._changed:
                targets = list(self._targets.values())
            for target in targets:
                good = self._is_good(target.name)
                with self._changed:
                    target.checks = target.checks + 1 if good != target.healthy else 0
                    if target.checks >= self._threshold:
                        target.healthy, target.checks = good, 0
                        self._changed.notify_all()

    def _is_good(self, name: str) -> bool:
        with suppress(OSError, http.client.HTTPException):
            connection = self._open(name)
            try:
                connection.request("GET", self._health_path)
                return connection.getresponse().status == HTTPStatus.OK
            finally:
                connection.close()
        return False


class _Handler(BaseHTTPRequestHandler):
    balancing: LoadBalancer
    protocol_version = "HTTP/1.1"
    # Without this an answer waits for the client's acknowledgement of its headers.
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        try:
            with self.balancing.borrow() as connection:
                if connection is None:
                    self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
                    return
                connection.request(self.command, self.path, self._body(length), self._headers_for_target())
                answer = connection.getresponse()
                body = answer.read()
        except (OSError, http.client.HTTPException) as problem:
            self.close_connection = True
            self._refuse(HTTPStatus.BAD_GATEWAY, repr(problem))
            return
        # The connection is free again before the client can ask for more: its next request may use it.
        with suppress(OSError):
            self._relay(answer, body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _serve

    def _body(self, length: int) -> Iterator[bytes] | None:
        return self._chunks(length) if length else None

    def _chunks(self, left: int) -> Iterator[bytes]:
        while left:
            chunk = self.rfile.read1(min(left, _CHUNK))
            if not chunk:
                raise ConnectionError("the client left")
            left -= len(chunk)
            yield chunk

    def _headers_for_target(self) -> dict[str, str]:
        kept = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        return {**kept, "X-Forwarded-For": self.client_address[0], "X-Forwarded-Proto": "http"}

    def _relay(self, answer: http.client.HTTPResponse, body: bytes) -> None:
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP_BY_HOP and name.lower() != "content-length":
                self.send_header(name, value)
        if self.command == "HEAD":
            self.send_header("Content-Length", answer.headers.get("Content-Length", "0"))
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _refuse(self, status: HTTPStatus, why: str = "") -> None:
        body = why.encode()
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Server", "balancer")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Clients count what they are answered."""
