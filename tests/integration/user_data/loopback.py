"""An instance's AWS on loopback: moto's S3 and CloudWatch Logs, a fake metadata service and fake Auto Scaling.

The instance's scripts run unchanged: curl's configuration redirects AWS's host names and trusts the certificate.
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

from emulator.api_calls import ApiCall, CallFile, read_calls
from tests.unit.constructs_lib.scripts import REGION

INSTANCE = "i-0123456789abcdef0"
_METADATA = "169.254.169.254"
_ROLE = "iam/security-credentials/"


class Loopback:
    """The services that an instance calls.

    Args:
        folder: folder for the certificate and curl's configuration.

    Attributes:
        states: target lifecycle states of the instance, one per request; the last one is repeated.
        notice: the spot interruption notice, if any.
        healthy: whether the program's health check returns 200.
        rejects_calls: whether Auto Scaling rejects calls.
        before_call: called before each call of Auto Scaling is recorded.
        calls: parameters of the calls of Auto Scaling.
        authorizations: their Authorization headers.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.states = ["InService"]
        self.notice: str | None = None
        self.healthy = True
        self.rejects_calls = False
        self.before_call: Callable[[], object] = lambda: None
        self.calls: list[dict[str, str]] = []
        self.authorizations: list[str] = []
        self._recorder = CallFile(folder / "calls.jsonl")
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

    def recorded(self) -> list[ApiCall]:
        """Return the instance's calls, without those of `client`."""
        calls = read_calls(self.folder / "calls.jsonl")
        return [call for call in calls if "Boto3" not in call.agent]

    @property
    def _servers(self) -> list[BaseWSGIServer]:
        return [self._plain, self._secure]

    def close(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def client(self, service: str) -> Any:
        """Create a boto3 client of the same services."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=f"https://127.0.0.1:{self._secure.port}",
            verify=f"{self.folder}/certificate.pem",
            aws_access_key_id="AKIA",
            aws_secret_access_key="secret",
        )

    def boot_log(self, group: str) -> list[str]:
        """Read the lines of the instance's boot stream."""
        answer = self.client("logs").get_log_events(logGroupName=group, logStreamName=f"boot/{INSTANCE}")
        return [event["message"] for event in answer["events"]]

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
        if request.path != "/health":
            self._recorder.record(environ)
            request = Request(environ)
        if request.path == "/health":
            return Response(status=200 if self.healthy else 503)(environ, start)
        if request.host.startswith("autoscaling."):
            return self._auto_scaling(request)(environ, start)
        response: Iterable[bytes] = self._moto(environ, start)
        return response

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
        path = request.path.removeprefix("/latest/meta-data/")
        if path == "autoscaling/target-lifecycle-state":
            return Response(self.states.pop(0) if len(self.states) > 1 else self.states[0])
        answer = answers.get(path)
        return Response(answer) if answer is not None else Response(status=404)

    def _auto_scaling(self, request: Request) -> Response:
        self.before_call()
        self.calls.append(dict(urllib.parse.parse_qsl(request.get_data(as_text=True))))
        self.authorizations.append(request.headers["Authorization"])
        return Response(status=400 if self.rejects_calls else 200)
