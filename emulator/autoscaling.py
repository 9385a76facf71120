"""Lifecycle actions of booted instances: who completed them, when, and with which result.

All Auto Scaling requests are forwarded to the AWS emulator, which runs the hooks of groups with the tag `CLOCK_TAG`.
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

CLOCK_TAG = "aws:emulator:clock"
"""Tag of a group with a clock: its value is the time in seconds. See `emulator.moto_autoscaling`."""

_COMPLETE, _HEARTBEAT = "CompleteLifecycleAction", "RecordLifecycleActionHeartbeat"
_KEY = re.compile(r"Credential=([^/]+)/")
_NAMESPACE = "http://autoscaling.amazonaws.com/doc/2011-01-01/"
_RESPONSE = (
    '<{0}Response xmlns="{1}"><{0}Result/><ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></{0}Response>'
)
_ERROR = (
    '<ErrorResponse xmlns="{0}"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>{1}</Message></Error>'
    "<RequestId>0</RequestId></ErrorResponse>"
)


@dataclass(kw_only=True)
class LifecycleWait:
    """A pending lifecycle action of one instance.

    Args:
        group, hook: Auto Scaling group and its lifecycle hook.
        instance_id: The instance.
        result: CONTINUE or ABANDON once reported.
        reported_by: Access key that signed the report.
        heartbeats: Times of the heartbeats, in seconds since the epoch.
        completed: Set once the result is reported.
        completed_at: Time of the report, in seconds since the epoch.
    """

    group: str
    hook: str
    instance_id: str
    result: str | None = None
    reported_by: str = ""
    heartbeats: list[float] = field(default_factory=list)
    completed: threading.Event = field(default_factory=threading.Event, repr=False)
    completed_at: float | None = None

    def wait(self, *, seconds: float) -> str | None:
        """Wait for the result.

        Returns:
            CONTINUE or ABANDON; None after the timeout.
        """
        self.completed.wait(seconds)
        return self.result


class AutoScaling:
    """Auto Scaling's API for instances, in front of the AWS emulator.

    Args:
        aws_port: Port of the AWS emulator on loopback.
    """

    def __init__(self, aws_port: int) -> None:
        self._aws_port = aws_port
        self._waits: list[LifecycleWait] = []
        service = self

        class Handler(_Handler):
            scaling = service

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def port(self) -> int:
        """Port on loopback."""
        return int(self._server.server_address[1])

    def __enter__(self) -> AutoScaling:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def expect(self, group: str, hook: str, instance_id: str) -> LifecycleWait:
        """Start a lifecycle action of an instance."""
        wait = LifecycleWait(group=group, hook=hook, instance_id=instance_id)
        self._waits.append(wait)
        return wait

    def handle(self, parameters: Mapping[str, str], access_key: str) -> str | None:
        """Handle a report or heartbeat of an instance.

        Args:
            parameters: Parameters of the request.
            access_key: Access key that signed the request.

        Returns:
            The error message, or None.
        """
        error = _validate(parameters)
        if error:
            return error
        instance = parameters["InstanceId"]
        pending = [
            wait
            for wait in self._waits
            if (wait.group, wait.hook, wait.instance_id)
            == (parameters["AutoScalingGroupName"], parameters["LifecycleHookName"], instance)
            and not wait.completed.is_set()
        ]
        if not pending:
            return f"No active Lifecycle Action found with instance ID {instance}"
        wait = pending[-1]
        if parameters["Action"] == _HEARTBEAT:
            wait.heartbeats.append(time.time())
        else:
            wait.result, wait.reported_by = parameters["LifecycleActionResult"], access_key
            wait.completed_at = time.time()
            wait.completed.set()
        return None

    def forward(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str, bytes]:
        """Forward a request to the AWS emulator; return status, content type and body of the response."""
        connection = http.client.HTTPConnection(LOOPBACK, self._aws_port, timeout=60)
        try:
            forwarded = {name: value for name, value in headers.items() if name.lower() not in ("connection", "expect")}
            connection.request("POST", path, body, forwarded)
            response = connection.getresponse()
            return response.status, response.headers.get("Content-Type", "text/xml"), response.read()
        finally:
            connection.close()


def _validate(parameters: Mapping[str, str]) -> str | None:
    for name in ("AutoScalingGroupName", "LifecycleHookName", "InstanceId"):
        if not parameters.get(name):
            return f"1 validation error detected: {name} must not be null"
    if parameters["Action"] == _COMPLETE and parameters.get("LifecycleActionResult") not in (CONTINUE, ABANDON):
        return "1 validation error detected: LifecycleActionResult must be CONTINUE or ABANDON"
    return None


class _Handler(BaseHTTPRequestHandler):
    scaling: AutoScaling
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parameters = dict(parse_qsl(body.decode(errors="replace")))
        action = parameters.get("Action")
        if action not in (_COMPLETE, _HEARTBEAT):
            self._respond(*self.scaling.forward(self.path, dict(self.headers.items()), body))
            return
        signed = _KEY.search(self.headers.get("Authorization", ""))
        error = self.scaling.handle(parameters, signed[1] if signed else "")
        if error is None:
            # The emulator refuses it for an instance that it does not run through its hooks.
            self.scaling.forward(self.path, dict(self.headers.items()), body)
        status = HTTPStatus.BAD_REQUEST if error else HTTPStatus.OK
        text = _ERROR.format(_NAMESPACE, error) if error else _RESPONSE.format(action, _NAMESPACE)
        self._respond(status, "text/xml", text.encode())

    def _respond(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Do not log: the lifecycle waits record the reports."""
