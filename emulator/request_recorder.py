"""Records the requests of instances to AWS: address, action and access key."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

_HEAD = re.compile(rb"(GET|HEAD|PUT|POST|DELETE) (\S+) HTTP/1\.1\r\n(.*?)\r\n\r\n", re.DOTALL)
_KEY = re.compile(r"Credential=([^/]+)/")
_LONGEST_HEAD = 16 * 1024


@dataclass(frozen=True, kw_only=True)
class RecordedRequest:
    """A request to AWS.

    Args:
        at: Time of the request, in seconds since the epoch.
        address: IP address of the machine.
        host: Host header.
        action: Action if a header names it, such as "AmazonSQS.ReceiveMessage"; else method and path.
        access_key: Access key of the signature; empty if the headers hold none.
    """

    at: float
    address: str
    host: str
    action: str
    access_key: str


class RequestRecorder:
    """Stores all requests of all machines."""

    def __init__(self) -> None:
        self.requests: list[RecordedRequest] = []

    def of(self, address: str) -> list[RecordedRequest]:
        """Return the requests of a machine."""
        return [request for request in self.requests if request.address == address]

    def first(self, address: str, action: str) -> RecordedRequest | None:
        """Return a machine's first request for an action."""
        return next((request for request in self.of(address) if request.action == action), None)


class ConnectionRecorder:
    """Parses the requests of one connection.

    Args:
        recorder: Stores the requests.
        address: IP address of the machine.
    """

    def __init__(self, recorder: RequestRecorder, address: str) -> None:
        self._recorder, self._address = recorder, address
        self._buffer = b""

    def __call__(self, chunk: bytes) -> None:
        """Parse the next chunk."""
        self._buffer += chunk
        end = 0
        for head in _HEAD.finditer(self._buffer):
            end = head.end()
            lines = (line.partition(":") for line in head[3].decode(errors="replace").split("\r\n"))
            headers = {name.lower(): value.strip() for name, _, value in lines}
            signed = _KEY.search(headers.get("authorization", ""))
            action = headers.get("x-amz-target") or f"{head[1].decode()} {head[2].decode(errors='replace')}"
            self._recorder.requests.append(
                RecordedRequest(
                    at=time.time(),
                    address=self._address,
                    host=headers.get("host", ""),
                    action=action,
                    access_key=signed[1] if signed else "",
                )
            )
        self._buffer = self._buffer[end:][-_LONGEST_HEAD:]
