"""Instance metadata, version 2 only, as EC2 serves it: a session token first, then what the instance asks about.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-categories.html
"""

from __future__ import annotations

import json
import re
import secrets
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from emulator.credentials import InstanceCredentials

TOKEN = "X-aws-ec2-metadata-token"
TTL = "X-aws-ec2-metadata-token-ttl-seconds"
LONGEST_TTL = 21600

Tree = Mapping[str, "str | Tree"]

_VERSION = re.compile(r"latest|\d{4}-\d\d-\d\d")


@dataclass(kw_only=True)
class Identity:
    """What an instance is told about itself; what may change while it runs can be set.

    Args:
        instance_id: such as "i-0123456789abcdef0".
        address: private address.
        region: such as "us-east-1".
        role: the IAM role of its instance profile.
        user_data: as the launch template gives it, decoded.
        instance_type, image_id, account: of the instance.
        target_state: the Auto Scaling state it is on its way to; Terminated tells it to leave.
        spot_action: a spot notice, once there is one.
        credentials: what its role's path gives.
    """

    instance_id: str
    address: str
    region: str
    role: str
    user_data: str
    instance_type: str = "t3.small"
    image_id: str = "ami-00000000000000000"
    account: str = "123456789012"
    target_state: str = "InService"
    spot_action: str | None = None
    credentials: InstanceCredentials = field(default_factory=InstanceCredentials.made_up)

    def answer(self, path: str) -> str | None:
        """What EC2 answers a path below the version; None when there is nothing.

        Args:
            path: such as "meta-data/instance-id".
        """
        found: str | Tree | None = self._tree()
        for part in path.strip("/").split("/") if path.strip("/") else []:
            found = found.get(part) if isinstance(found, Mapping) else None
        if found is None or isinstance(found, str):
            return found
        return "\n".join(f"{name}/" if isinstance(below, Mapping) else name for name, below in found.items())

    def spot_notice(self, when: datetime | None = None) -> None:
        """Let EC2 say that it takes the instance back.

        Args:
            when: by default in two minutes, EC2's usual warning.
        """
        moment = when or datetime.now(UTC) + timedelta(minutes=2)
        self.spot_action = json.dumps({"action": "terminate", "time": _moment(moment)})

    def _tree(self) -> Tree:
        zone = f"{self.region}a"
        document = {
            "accountId": self.account,
            "architecture": "x86_64",
            "availabilityZone": zone,
            "imageId": self.image_id,
            "instanceId": self.instance_id,
            "instanceType": self.instance_type,
            "privateIp": self.address,
            "region": self.region,
            "version": "2017-09-30",
        }
        hostname = f"ip-{self.address.replace('.', '-')}.{self.region}.compute.internal"
        card = ":".join(f"{part:02x}" for part in (2, 0, *socket.inet_aton(self.address)))
        spot = {"instance-action": self.spot_action} if self.spot_action else {}
        return {
            "meta-data": {
                "ami-id": self.image_id,
                "autoscaling": {"target-lifecycle-state": self.target_state},
                "hostname": hostname,
                "iam": {"security-credentials": {self.role: self.credentials.as_metadata()}},
                "instance-id": self.instance_id,
                "instance-life-cycle": "spot" if self.spot_action else "on-demand",
                "instance-type": self.instance_type,
                "local-hostname": hostname,
                "local-ipv4": self.address,
                "mac": card,
                "network": {"interfaces": {"macs": {card: {"device-number": "0", "local-ipv4s": self.address}}}},
                "placement": {"availability-zone": zone, "region": self.region},
                "services": {"domain": "amazonaws.com", "partition": "aws"},
                **({"spot": spot} if spot else {}),
            },
            "user-data": self.user_data,
            "dynamic": {"instance-identity": {"document": json.dumps(document, indent=2)}},
        }


@dataclass(frozen=True)
class Asked:
    """A request that was answered.

    Args:
        address: who asked.
        path: for what, below the version.
        status: what became of it.
        at: when, in seconds since the epoch.
    """

    address: str
    path: str
    status: int
    at: float


class MetadataService:
    """Answers every machine about itself, by the address it asks from.

    Args:
        listener: a listening socket.
    """

    def __init__(self, listener: socket.socket) -> None:
        self.asked: list[Asked] = []
        self._identities: dict[str, Identity] = {}
        self._tokens: dict[str, tuple[str, float]] = {}
        service = self

        class Handler(_Handler):
            metadata = service

        self._server = ThreadingHTTPServer(("", 0), Handler, bind_and_activate=False)
        self._server.socket.close()
        self._server.socket = listener
        self._server.server_address = listener.getsockname()
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def __enter__(self) -> MetadataService:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def introduce(self, identity: Identity) -> None:
        """From now on answer the machine at this identity's address with it."""
        self._identities[identity.address] = identity

    def paths(self, address: str) -> list[str]:
        """What a machine was told, in order."""
        return [asked.path for asked in self.asked if asked.address == address and asked.status == HTTPStatus.OK]

    def token(self, address: str, seconds: int) -> str:
        """A session token for the machine at this address."""
        token = secrets.token_urlsafe(40)
        self._tokens[token] = (address, time.monotonic() + seconds)
        return token

    def answer(self, address: str, token: str | None, path: str) -> tuple[HTTPStatus, str]:
        """What a GET is answered: without a token of the machine's own that is still good, nothing."""
        owner, until = self._tokens.get(token or "", ("", 0.0))
        if owner != address or until < time.monotonic():
            return HTTPStatus.UNAUTHORIZED, ""
        identity = self._identities.get(address)
        version, _, below = path.lstrip("/").partition("/")
        found = identity.answer(below) if identity and _VERSION.fullmatch(version) else None
        return (HTTPStatus.NOT_FOUND, "") if found is None else (HTTPStatus.OK, found)


class _Handler(BaseHTTPRequestHandler):
    metadata: MetadataService
    protocol_version = "HTTP/1.1"
    server_version = "EC2ws"
    sys_version = ""

    def do_PUT(self) -> None:
        given = self.headers.get(TTL, "")
        if self.path != "/latest/api/token":
            self._answer(HTTPStatus.NOT_FOUND, "")
        elif self.headers.get("X-Forwarded-For"):
            # Whoever asks through a proxy is not the instance.
            self._answer(HTTPStatus.FORBIDDEN, "")
        elif not given.isdigit() or not 1 <= int(given) <= LONGEST_TTL:
            self._answer(HTTPStatus.BAD_REQUEST, "")
        else:
            self._answer(HTTPStatus.OK, self.metadata.token(self.client_address[0], int(given)), {TTL: given})

    def do_GET(self) -> None:
        self._answer(*self.metadata.answer(self.client_address[0], self.headers.get(TOKEN), self.path))

    def _answer(self, status: HTTPStatus, text: str, headers: Mapping[str, str] | None = None) -> None:
        body = text.encode()
        path = self.path.lstrip("/").partition("/")[2]
        self.metadata.asked.append(Asked(self.client_address[0], path, int(status), time.time()))
        self.send_response(status)
        for name, value in {"Content-Type": "text/plain", "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """`asked` is the log."""


def _moment(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
