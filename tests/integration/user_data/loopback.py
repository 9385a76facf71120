"""An instance's AWS on loopback: S3 and CloudWatch Logs are moto's, the metadata service and Auto Scaling are played.

The instance's scripts run as they are: curl's own configuration leads AWS's names here, and trusts the certificate.
"""

from __future__ import annotations

import json
import pathlib
import ssl
import subprocess
import threading
import urllib.parse
from collections.abc import Callable, Iterable
from typing import Any

import boto3
from moto.moto_api._internal.models import moto_api_backend
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Request, Response

from tests.unit.constructs_lib.scripts import REGION

INSTANCE = "i-0123456789abcdef0"
_METADATA = "169.254.169.254"
_ROLE = "iam/security-credentials/"


class Loopback:
    """What an instance talks to.

    Args:
        folder: for the certificate and curl's configuration.

    Attributes:
        states: what the target state of the instance is, each time it is asked; the last one stays.
        notice: the spot interruption notice, if there is one.
        healthy: whether the program's health check answers 200.
        refuses: whether Auto Scaling refuses what it is told.
        before_told: called before Auto Scaling hears anything.
        told: what Auto Scaling was told.
        signed: with which signatures.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.states = ["InService"]
        self.notice: str | None = None
        self.healthy = True
        self.refuses = False
        self.before_told: Callable[[], object] = lambda: None
        self.told: list[dict[str, str]] = []
        self.signed: list[str] = []
        moto_api_backend.reset()
        self._moto = DomainDispatcherApplication(create_backend_app)
        certificate = self._certificate()
        self._plain = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self._secure = make_server("127.0.0.1", 0, self._answer, threaded=True, ssl_context=certificate)
        for server in self._servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        (folder / ".curlrc").write_text(
            f'cacert = "{folder}/certificate.pem"\n'
            f'connect-to = "{_METADATA}:80:127.0.0.1:{self._plain.port}"\n'
            f'connect-to = "127.0.0.1:8080:127.0.0.1:{self._plain.port}"\n'
            f'connect-to = "::127.0.0.1:{self._secure.port}"\n'
        )

    @property
    def _servers(self) -> list[BaseWSGIServer]:
        return [self._plain, self._secure]

    def close(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def client(self, service: str) -> Any:
        """A boto3 client of the same AWS."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=f"https://127.0.0.1:{self._secure.port}",
            verify=f"{self.folder}/certificate.pem",
            aws_access_key_id="AKIA",
            aws_secret_access_key="secret",
        )

    def logged(self, group: str) -> list[str]:
        """The lines of the instance's boot stream."""
        read = self.client("logs").get_log_events(logGroupName=group, logStreamName=f"boot/{INSTANCE}")
        return [event["message"] for event in read["events"]]

    def _certificate(self) -> ssl.SSLContext:
        names = f"DNS:*.{REGION}.amazonaws.com,DNS:*.s3.{REGION}.amazonaws.com,IP:127.0.0.1"
        subprocess.run(
            [
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-subj",
                "/CN=loopback",
                "-days",
                "2",
            ]
            + ["-addext", f"subjectAltName={names}", "-keyout", "key.pem", "-out", "certificate.pem"],
            cwd=self.folder,
            check=True,
            capture_output=True,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "certificate.pem", self.folder / "key.pem")
        return context

    def _answer(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        request = Request(environ)
        if request.host == _METADATA:
            return self._metadata(request)(environ, start)
        if request.path == "/health":
            return Response(status=200 if self.healthy else 503)(environ, start)
        if request.host.startswith("autoscaling."):
            return self._auto_scaling(request)(environ, start)
        answered: Iterable[bytes] = self._moto(environ, start)
        return answered

    def _metadata(self, request: Request) -> Response:
        if request.method == "PUT":
            return Response("a-session")
        if request.headers.get("X-aws-ec2-metadata-token") != "a-session":
            return Response(status=401)
        keys = {"AccessKeyId": "AKIA", "SecretAccessKey": "s/+=", "Token": "to/ken=="}
        answers = {
            "instance-id": INSTANCE,
            _ROLE: "a-role",
            f"{_ROLE}a-role": json.dumps(keys),
            "spot/instance-action": self.notice,
        }
        asked = request.path.removeprefix("/latest/meta-data/")
        if asked == "autoscaling/target-lifecycle-state":
            return Response(self.states.pop(0) if len(self.states) > 1 else self.states[0])
        answer = answers.get(asked)
        return Response(answer) if answer is not None else Response(status=404)

    def _auto_scaling(self, request: Request) -> Response:
        self.before_told()
        self.told.append(dict(urllib.parse.parse_qsl(request.get_data(as_text=True))))
        self.signed.append(request.headers["Authorization"])
        return Response(status=400 if self.refuses else 200)
