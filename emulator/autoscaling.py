"""The waits of Auto Scaling, which the embedded AWS does not have: instances say when they are ready, or done.

Everything else that is asked of Auto Scaling is passed on to the embedded AWS.
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CompleteLifecycleAction.html
"""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from workspace.ports import LOOPBACK

CONTINUE, ABANDON = "CONTINUE", "ABANDON"

_COMPLETE, _HEARTBEAT = "CompleteLifecycleAction", "RecordLifecycleActionHeartbeat"
_KEY = re.compile(r"Credential=([^/]+)/")
_NAMESPACE = "http://autoscaling.amazonaws.com/doc/2011-01-01/"
_ANSWER = (
    '<{0}Response xmlns="{1}"><{0}Result/><ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></{0}Response>'
)
_ERROR = (
    '<ErrorResponse xmlns="{0}"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>{1}</Message></Error>'
    "<RequestId>0</RequestId></ErrorResponse>"
)


@dataclass(kw_only=True)
class Wait:
    """Auto Scaling waits for an instance.

    Args:
        group, hook: the group and its lifecycle hook.
        instance_id: who is waited for.
        result: what it said, once it has.
        reported_by: the access key it signed that with.
        heartbeats: when it said that it was still at it, in seconds since the epoch.
        over: set when it has said what became of it.
        over_at: when, in seconds since the epoch.
    """

    group: str
    hook: str
    instance_id: str
    result: str | None = None
    reported_by: str = ""
    heartbeats: list[float] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event, repr=False)
    over_at: float | None = None

    def wait(self, *, seconds: float) -> str | None:
        """Wait for its word.

        Returns:
            CONTINUE or ABANDON; None when the time was over first.
        """
        self.over.wait(seconds)
        return self.result


class AutoScaling:
    """Auto Scaling's API for instances, before the embedded AWS.

    Args:
        aws_port: where the embedded AWS listens on loopback.
    """

    def __init__(self, aws_port: int) -> None:
        self._aws_port = aws_port
        self._waits: list[Wait] = []
        service = self

        class Handler(_Handler):
            scaling = service

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens on loopback."""
        return int(self._server.server_address[1])

    def __enter__(self) -> AutoScaling:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def expect(self, group: str, hook: str, instance_id: str) -> Wait:
        """From now on wait for an instance."""
        wait = Wait(group=group, hook=hook, instance_id=instance_id)
        self._waits.append(wait)
        return wait

    def take(self, asked: Mapping[str, str], access_key: str) -> str | None:
        """Take what an instance says.

        Args:
            asked: the parameters of its request.
            access_key: that it signed with.

        Returns:
            What is wrong with it, if anything.
        """
        problem = _problem(asked)
        if problem:
            return problem
        instance = asked["InstanceId"]
        found = [
            wait
            for wait in self._waits
            if (wait.group, wait.hook, wait.instance_id)
            == (asked["AutoScalingGroupName"], asked["LifecycleHookName"], instance)
            and not wait.over.is_set()
        ]
        if not found:
            return f"No active Lifecycle Action found with instance ID {instance}"
        wait = found[-1]
        if asked["Action"] == _HEARTBEAT:
            wait.heartbeats.append(time.time())
        else:
            wait.result, wait.reported_by = asked["LifecycleActionResult"], access_key
            wait.over_at = time.time()
            wait.over.set()
        return None

    def pass_on(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str, bytes]:
        """Ask the embedded AWS; gives its status, the type of its answer, and the answer."""
        connection = http.client.HTTPConnection(LOOPBACK, self._aws_port, timeout=60)
        try:
            kept = {name: value for name, value in headers.items() if name.lower() not in ("connection", "expect")}
            connection.request("POST", path, body, kept)
            answer = connection.getresponse()
            return answer.status, answer.headers.get("Content-Type", "text/xml"), answer.read()
        finally:
            connection.close()


def _problem(asked: Mapping[str, str]) -> str | None:
    for name in ("AutoScalingGroupName", "LifecycleHookName", "InstanceId"):
        if not asked.get(name):
            return f"1 validation error detected: {name} must not be null"
    if asked["Action"] == _COMPLETE and asked.get("LifecycleActionResult") not in (CONTINUE, ABANDON):
        return "1 validation error detected: LifecycleActionResult must be CONTINUE or ABANDON"
    return None


class _Handler(BaseHTTPRequestHandler):
    scaling: AutoScaling
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = dict(parse_qsl(body.decode(errors="replace")))
        action = asked.get("Action")
        if action not in (_COMPLETE, _HEARTBEAT):
            self._answer(*self.scaling.pass_on(self.path, dict(self.headers.items()), body))
            return
        signed = _KEY.search(self.headers.get("Authorization", ""))
        problem = self.scaling.take(asked, signed[1] if signed else "")
        status = HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK
        text = _ERROR.format(_NAMESPACE, problem) if problem else _ANSWER.format(action, _NAMESPACE)
        self._answer(status, "text/xml", text.encode())

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """What instances said is kept in the waits."""
