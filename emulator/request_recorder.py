"""Sees what instances ask AWS, as it passes: who asked, what, and with whose key."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

_HEAD = re.compile(rb"(GET|HEAD|PUT|POST|DELETE) (\S+) HTTP/1\.1\r\n(.*?)\r\n\r\n", re.DOTALL)
_KEY = re.compile(r"Credential=([^/]+)/")
_LONGEST_HEAD = 16 * 1024


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request to AWS.

    Args:
        at: when, in seconds since the epoch.
        address: the machine that asked.
        host: whom.
        what: the action for services that name it in a header, such as "AmazonSQS.ReceiveMessage"; else method and
            path.
        access_key: that it was signed with; empty when it was not signed in its head.
    """

    at: float
    address: str
    host: str
    what: str
    access_key: str


class Witness:
    """Keeps every request that passes."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def of(self, address: str) -> list[Call]:
        """What a machine asked."""
        return [call for call in self.calls if call.address == address]

    def first(self, address: str, what: str) -> Call | None:
        """A machine's first request for something."""
        return next((call for call in self.of(address) if call.what == what), None)


class Listener:
    """Listens to one connection.

    Args:
        witness: gets the requests.
        address: the machine's.
    """

    def __init__(self, witness: Witness, address: str) -> None:
        self._witness, self._address = witness, address
        self._heard = b""

    def __call__(self, chunk: bytes) -> None:
        """Hear what passes next."""
        self._heard += chunk
        end = 0
        for head in _HEAD.finditer(self._heard):
            end = head.end()
            lines = (line.partition(":") for line in head[3].decode(errors="replace").split("\r\n"))
            headers = {name.lower(): value.strip() for name, _, value in lines}
            signed = _KEY.search(headers.get("authorization", ""))
            what = headers.get("x-amz-target") or f"{head[1].decode()} {head[2].decode(errors='replace')}"
            self._witness.calls.append(
                Call(
                    at=time.time(),
                    address=self._address,
                    host=headers.get("host", ""),
                    what=what,
                    access_key=signed[1] if signed else "",
                )
            )
        self._heard = self._heard[end:][-_LONGEST_HEAD:]
