"""Instance metadata service, IMDSv2 only: a session token is required.

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

TOKEN = "X-aws-ec2-metadata-token"
TTL = "X-aws-ec2-metadata-token-ttl-seconds"
LONGEST_TTL = 21600

Tree = Mapping[str, "str | Tree"]

_VERSION = re.compile(r"latest|\d{4}-\d\d-\d\d")


@dataclass(frozen=True, kw_only=True)
class InstanceCredentials:
    """Temporary credentials of an instance's role.

    Args:
        access_key, secret_key, token: The three parts, as AWS names them.
        expires_at: When they expire.
    """

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(repr=False)
    expires_at: datetime

    @classmethod
    def generate(cls, lifetime: timedelta = timedelta(hours=6)) -> InstanceCredentials:
        """Generate unique credentials; the AWS emulator accepts any."""
        return cls(
            access_key=f"ASIA{secrets.token_hex(8).upper()}",
            secret_key=secrets.token_urlsafe(30),
            token=secrets.token_urlsafe(200),
            expires_at=datetime.now(UTC) + lifetime,
        )

    def as_metadata(self) -> str:
        """Render as JSON in the format of instance metadata."""
        return json.dumps(
            {
                "Code": "Success",
                "LastUpdated": _format_time(datetime.now(UTC)),
                "Type": "AWS-HMAC",
                "AccessKeyId": self.access_key,
                "SecretAccessKey": self.secret_key,
                "Token": self.token,
                "Expiration": _format_time(self.expires_at),
            },
            indent=2,
        )


@dataclass(kw_only=True)
class Identity:
    """Metadata of one instance; mutable where it may change while the instance runs.

    Args:
        instance_id: Instance ID, such as "i-0123456789abcdef0".
        address: Private IP address.
        region: AWS region, such as "us-east-1".
        role: IAM role of its instance profile.
        user_data: User data, decoded.
        instance_type, image_id, account: Instance type, AMI and account of the instance.
        target_state: Target lifecycle state in Auto Scaling; Terminated makes the instance drain.
        spot_action: Spot interruption notice, if any.
        credentials: Credentials of the role.
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
    credentials: InstanceCredentials = field(default_factory=InstanceCredentials.generate)

    def find(self, path: str) -> str | None:
        """Return EC2's response for a path below the version; None if it does not exist.

        Args:
            path: Path, such as "meta-data/instance-id".
        """
        node: str | Tree | None = self._tree()
        for part in path.strip("/").split("/") if path.strip("/") else []:
            node = node.get(part) if isinstance(node, Mapping) else None
        if node is None or isinstance(node, str):
            return node
        return "\n".join(f"{name}/" if isinstance(child, Mapping) else name for name, child in node.items())

    def issue_spot_notice(self, when: datetime | None = None) -> None:
        """Issue a spot interruption notice.

        Args:
            when: Time of the interruption. Default: in two minutes, as on EC2.
        """
        moment = when or datetime.now(UTC) + timedelta(minutes=2)
        self.spot_action = json.dumps({"action": "terminate", "time": _format_time(moment)})

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
        mac = ":".join(f"{part:02x}" for part in (2, 0, *socket.inet_aton(self.address)))
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
                "mac": mac,
                "network": {"interfaces": {"macs": {mac: {"device-number": "0", "local-ipv4s": self.address}}}},
                "placement": {"availability-zone": zone, "region": self.region},
                "services": {"domain": "amazonaws.com", "partition": "aws"},
                **({"spot": spot} if spot else {}),
            },
            "user-data": self.user_data,
            "dynamic": {"instance-identity": {"document": json.dumps(document, indent=2)}},
        }


@dataclass(frozen=True)
class MetadataRequest:
    """A handled request.

    Args:
        address: IP address of the client.
        path: Path below the version.
        status: HTTP status of the response.
        at: Time of the request, in seconds since the epoch.
    """

    address: str
    path: str
    status: int
    at: float


class MetadataService:
    """Serves each machine its own metadata, selected by the client's address.

    Args:
        listener: Listening socket.
    """

    def __init__(self, listener: socket.socket) -> None:
        self.requests: list[MetadataRequest] = []
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
        """Listening port."""
        return int(self._server.server_address[1])

    def __enter__(self) -> MetadataService:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def register(self, identity: Identity) -> None:
        """Serve this metadata to the machine at its address."""
        self._identities[identity.address] = identity

    def paths(self, address: str) -> list[str]:
        """Return the paths that a machine has read, in order."""
        return [each.path for each in self.requests if each.address == address and each.status == HTTPStatus.OK]

    def create_token(self, address: str, seconds: int) -> str:
        """Create a session token for the machine at this address."""
        token = secrets.token_urlsafe(40)
        self._tokens[token] = (address, time.monotonic() + seconds)
        return token

    def respond(self, address: str, token: str | None, path: str) -> tuple[HTTPStatus, str]:
        """Return status and body of a GET; 401 without a valid token of the same machine."""
        owner, expires_at = self._tokens.get(token or "", ("", 0.0))
        if owner != address or expires_at < time.monotonic():
            return HTTPStatus.UNAUTHORIZED, ""
        identity = self._identities.get(address)
        version, _, remainder = path.lstrip("/").partition("/")
        value = identity.find(remainder) if identity and _VERSION.fullmatch(version) else None
        return (HTTPStatus.NOT_FOUND, "") if value is None else (HTTPStatus.OK, value)


class _Handler(BaseHTTPRequestHandler):
    metadata: MetadataService
    protocol_version = "HTTP/1.1"
    server_version = "EC2ws"
    sys_version = ""

    def do_PUT(self) -> None:
        ttl = self.headers.get(TTL, "")
        if self.path != "/latest/api/token":
            self._send(HTTPStatus.NOT_FOUND, "")
        elif self.headers.get("X-Forwarded-For"):
            # A request through a proxy is not from the instance.
            self._send(HTTPStatus.FORBIDDEN, "")
        elif not ttl.isdigit() or not 1 <= int(ttl) <= LONGEST_TTL:
            self._send(HTTPStatus.BAD_REQUEST, "")
        else:
            self._send(HTTPStatus.OK, self.metadata.create_token(self.client_address[0], int(ttl)), {TTL: ttl})

    def do_GET(self) -> None:
        self._send(*self.metadata.respond(self.client_address[0], self.headers.get(TOKEN), self.path))

    def _send(self, status: HTTPStatus, text: str, headers: Mapping[str, str] | None = None) -> None:
        body = text.encode()
        path = self.path.lstrip("/").partition("/")[2]
        self.metadata.requests.append(MetadataRequest(self.client_address[0], path, int(status), time.time()))
        self.send_response(status)
        for name, value in {"Content-Type": "text/plain", "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Do not log: `requests` holds all requests."""


def _format_time(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
