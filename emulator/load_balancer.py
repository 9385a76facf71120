"""A small load balancer that behaves like AWS's in what matters for a rollout.

It checks health, balances round-robin over healthy targets, reuses connections, never retries a request, and drains
deregistered targets.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html
"""

from __future__ import annotations

import http.client
import itertools
import select
import socket
import threading
from collections import Counter
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
    """A registered target.

    Args:
        name: Argument of `connect`.
        healthy: Whether the last health checks passed.
        checks: Number of consecutive checks that contradict `healthy`.
        busy: Number of requests in flight.
        idle: Idle open connections.
    """

    name: str
    healthy: bool = False
    checks: int = 0
    busy: int = 0
    idle: list[http.client.HTTPConnection] = field(default_factory=list)


class LoadBalancer:
    """A load balancer on loopback.

    Args:
        connect: Opens a connection to a target.
        health_path: Path that returns 200 on a healthy target.
        interval: Seconds between health checks.
        threshold: Consecutive checks that change a target's health.
    """

    def __init__(
        self, connect: Connect, *, health_path: str = "/health", interval: float = 1.0, threshold: int = 2
    ) -> None:
        self._connect = connect
        self._health_path, self._interval, self._threshold = health_path, interval, threshold
        self._targets: dict[str, BalancerTarget] = {}
        self._turn = itertools.count()
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._metrics: Counter[str] = Counter()
        balancer = self

        class Handler(_Handler):
            load_balancer = balancer

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self._server.daemon_threads = True
        self._threads = [
            threading.Thread(target=self._server.serve_forever, daemon=True),
            threading.Thread(target=self._check_health, daemon=True),
        ]

    @property
    def url(self) -> str:
        """URL on loopback."""
        return f"http://{LOOPBACK}:{self._server.server_address[1]}"

    def __enter__(self) -> LoadBalancer:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()

    def register(self, name: str) -> None:
        """Register a target; it receives requests once healthy."""
        with self._changed:
            self._targets[name] = BalancerTarget(name=name)

    def wait_until_healthy(self, name: str, *, seconds: float) -> bool:
        """Wait until a target is healthy; return whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._targets[name].healthy, seconds)

    def deregister(self, name: str, *, delay: float) -> bool:
        """Deregister a target and wait until its requests have finished.

        Args:
            name: Name of the target.
            delay: Deregistration delay, in seconds.

        Returns:
            Whether all requests finished in time.
        """
        with self._changed:
            target = self._targets.pop(name)
            finished = self._changed.wait_for(lambda: target.busy == 0, delay)
        for connection in target.idle:
            connection.close()
        return finished

    def healthy(self) -> list[str]:
        """Return the names of the healthy targets."""
        with self._changed:
            return [target.name for target in self._targets.values() if target.healthy]

    def metrics(self) -> dict[str, int]:
        """Return the number of requests and of server errors so far, by the names of CloudWatch's metrics.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
        """
        with self._changed:
            return dict(self._metrics)

    def count(self, *names: str) -> None:
        """Add one to each of these metrics."""
        with self._changed:
            self._metrics.update(names)

    @contextmanager
    def borrow(self) -> Iterator[http.client.HTTPConnection | None]:
        """Borrow a connection to the next target; None if no target is registered.

        Like AWS's, it routes to unhealthy targets if no healthy one is left.
        """
        with self._changed:
            targets = list(self._targets.values())
            candidates = [target for target in targets if target.healthy] or targets
            target = candidates[next(self._turn) % len(candidates)] if candidates else None
            if target:
                target.busy += 1
        if target is None:
            yield None
            return
        connection = None
        try:
            connection = self._take_idle(target) or self._open(target.name)
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

    def _take_idle(self, target: BalancerTarget) -> http.client.HTTPConnection | None:
        """Return an idle connection that the target has not closed."""
        while True:
            with self._changed:
                connection = target.idle.pop() if target.idle else None
            if connection is None or not select.select([connection.sock], [], [], 0)[0]:
                return connection
            connection.close()

    def _keep(self, target: BalancerTarget, connection: http.client.HTTPConnection) -> None:
        with self._changed:
            # http.client drops the socket after "Connection: close".
            if connection.sock and self._targets.get(target.name) is target:
                target.idle.append(connection)
            else:
                connection.close()

    def _open(self, name: str) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(name, timeout=60)
        connection.sock = self._connect(name)
        # Never reconnect: a request must not be sent twice.
        connection.auto_open = 0
        return connection

    def _check_health(self) -> None:
        while not self._stopped.wait(self._interval):
            with self._changed:
                targets = list(self._targets.values())
            for target in targets:
                healthy = self._passes_check(target.name)
                with self._changed:
                    target.checks = target.checks + 1 if healthy != target.healthy else 0
                    if target.checks >= self._threshold:
                        target.healthy, target.checks = healthy, 0
                        self._changed.notify_all()

    def _passes_check(self, name: str) -> bool:
        with suppress(OSError, http.client.HTTPException):
            connection = self._open(name)
            try:
                connection.request("GET", self._health_path)
                return connection.getresponse().status == HTTPStatus.OK
            finally:
                connection.close()
        return False


class _Handler(BaseHTTPRequestHandler):
    load_balancer: LoadBalancer
    protocol_version = "HTTP/1.1"
    # Else a response body waits for the client's acknowledgement of the headers.
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        try:
            with self.load_balancer.borrow() as connection:
                if connection is None:
                    self.load_balancer.count("HTTPCode_ELB_5XX_Count")
                    self._send_error(HTTPStatus.SERVICE_UNAVAILABLE)
                    return
                connection.request(self.command, self.path, self._body(length), self._headers_for_target())
                response = connection.getresponse()
                body = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close_connection = True
            self.load_balancer.count("RequestCount", "HTTPCode_ELB_5XX_Count")
            self._send_error(HTTPStatus.BAD_GATEWAY, repr(error))
            return
        failed = response.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        self.load_balancer.count("RequestCount", *(["HTTPCode_Target_5XX_Count"] if failed else []))
        # Return the connection before responding, so that the client's next request can use it.
        with suppress(OSError):
            self._relay(response, body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _serve

    def _body(self, length: int) -> Iterator[bytes] | None:
        return self._chunks(length) if length else None

    def _chunks(self, remaining: int) -> Iterator[bytes]:
        while remaining:
            chunk = self.rfile.read1(min(remaining, _CHUNK))
            if not chunk:
                raise ConnectionError("the client disconnected")
            remaining -= len(chunk)
            yield chunk

    def _headers_for_target(self) -> dict[str, str]:
        forwarded = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        return {**forwarded, "X-Forwarded-For": self.client_address[0], "X-Forwarded-Proto": "http"}

    def _relay(self, response: http.client.HTTPResponse, body: bytes) -> None:
        self.send_response_only(response.status, response.reason)
        for name, value in response.getheaders():
            if name.lower() not in _HOP_BY_HOP and name.lower() != "content-length":
                self.send_header(name, value)
        if self.command == "HEAD":
            self.send_header("Content-Length", response.headers.get("Content-Length", "0"))
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send_error(self, status: HTTPStatus, reason: str = "") -> None:
        body = reason.encode()
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Server", "balancer")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Do not log: clients count the responses."""
