"""moto served by gunicorn, one request at a time: ``python -m emulator.moto_server -H HOST -p PORT``.

moto keeps its state in dictionaries without locks, and Terraform creates ten resources in parallel. Occasionally a
request then fails after its work was done, and the provider's retry gets "name already taken"; or it fails half-way,
and the remains of an instance block its subnet forever. All services share one lock, because Auto Scaling, databases
and load balancers keep their addresses in EC2's tables. SQS and S3 are not locked: a long poll must not block other
requests, and they share no tables. Invocations of functions are not locked: a function calls the emulator itself.

On a busy machine about one response in a thousand is lost. AWS recognizes a retry; moto would report that the name is
taken or that the resource does not exist. So a retry of a successful request gets the first response again.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple, cast

from gunicorn.app.base import BaseApplication
from moto.core.responses import ActionResult
from moto.core.types import Base64EncodedString
from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateBackend, LaunchTemplateVersion
from moto.moto_server import werkzeug_app
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.moto_server.werkzeug_app import create_backend_app as _create_moto_app
from moto.rds.exceptions import InvalidParameterCombination
from moto.rds.responses import RDSResponse
from moto.s3.models import FakeDeleteMarker
from moto.sqs.models import Queue

from emulator.api_calls import CallFile
from emulator.cors import CorsMiddleware
from emulator.presigned import PresignedMiddleware

_SERVICE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/")
_UNLOCKED = ("s3", "sqs")
_INVOKE = re.compile(r"/2015-03-31/functions/[^/]+/invocations")
_CACHED_RESPONSES = 1000


class CachedResponse(NamedTuple):
    """Response to a request."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


class SerializedMoto(DomainDispatcherApplication):
    """moto's application behind a lock, with a cache of its last responses.

    Args:
        calls: Records every request; none by default.
    """

    def __init__(self, *arguments: Any, calls: CallFile | None = None) -> None:
        super().__init__(*arguments)
        self._calls = calls
        self._lock = threading.Lock()
        self._responses: OrderedDict[str, CachedResponse] = OrderedDict()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Handle a request after the previous one has finished."""
        if self._calls:
            self._calls.record(environ)
        signed = _SERVICE.search(environ.get("HTTP_AUTHORIZATION", ""))
        if signed is None or signed[1] in _UNLOCKED or _INVOKE.fullmatch(environ.get("PATH_INFO", "")):
            unlocked: Iterable[bytes] = super().__call__(environ, start_response)
            return unlocked
        # AWS SDKs send the same invocation ID with every attempt of a request.
        # https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
        invocation = environ.get("HTTP_AMZ_SDK_INVOCATION_ID", "")
        with self._lock:
            response = self._responses.get(invocation) or self._handle(environ)
            if invocation and response.status.startswith("2"):
                self._responses[invocation] = response
                if len(self._responses) > _CACHED_RESPONSES:
                    self._responses.popitem(last=False)
        start_response(response.status, response.headers)
        return [response.body]

    def _handle(self, environ: dict[str, Any]) -> CachedResponse:
        head: list[Any] = []
        parts = super().__call__(environ, lambda status, headers, _error=None: head.extend((status, headers)))
        try:
            body = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        return CachedResponse(head[0], head[1], body)


def _correct_alarm_filters() -> None:
    """Filter alarms by state and type besides the names; moto 5.2.5 uses one filter only.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
    """
    from moto.cloudwatch.responses import CloudWatchResponse
    from moto.core.responses import ActionResult

    describe_all = CloudWatchResponse.describe_alarms

    def describe_alarms(response: CloudWatchResponse) -> ActionResult:
        state = response._get_param("StateValue")
        # Without types, only metric alarms are returned.
        types = response._get_param("AlarmTypes", []) or ["MetricAlarm"]
        described = {
            kind: [alarm for alarm in alarms if state in (None, alarm.state_value) and kind.rstrip("s") in types]
            for kind, alarms in cast("dict[str, list[Any]]", describe_all(response).result).items()
        }
        return ActionResult(described)

    CloudWatchResponse.describe_alarms = describe_alarms  # type: ignore[assignment, method-assign]


def create_backend_app(service: Any) -> Any:
    """Create the application of a service, with its corrections; they are imported when it is first used."""
    if service in ("lambda", "awslambda"):
        from emulator import moto_lambda

        moto_lambda.install()
    if service == "autoscaling":
        from emulator import moto_autoscaling

        moto_autoscaling.install()
    if service == "cloudwatch":
        _correct_alarm_filters()
    return _create_moto_app(service)


class EmulatorServer(BaseApplication):  # type: ignore[misc]
    """gunicorn with one worker process, which holds the state."""

    def __init__(self, address: str, calls: Path | None) -> None:
        self._address, self._calls = address, calls
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn's options."""
        settings: dict[str, Any] = {
            "bind": self._address,
            "worker_class": "gthread",
            "threads": 64,
            # A worker that is slow on a busy machine must not be replaced by one without state.
            "timeout": 0,
            # Longer than any client keeps an idle connection, so that no client reuses a closed one.
            "keepalive": 3600,
            # Only long polls remain by then.
            "graceful_timeout": 1,
            # S3 metadata headers may have underscores.
            "header_map": "dangerous",
            "control_socket_disable": True,
            "accesslog": "-",
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> CorsMiddleware:
        """Create moto's application."""
        serialized = SerializedMoto(create_backend_app, calls=CallFile(self._calls) if self._calls else None)
        return CorsMiddleware(PresignedMiddleware(serialized))


# Else moto allows every origin for every service.
werkzeug_app.DISABLE_GLOBAL_CORS = True  # type: ignore[attr-defined]


def _dispose(_marker: FakeDeleteMarker) -> None:
    """Do nothing: moto 5.2.5 calls `dispose` on deleted versions, and delete markers lack the method."""


# Else a bucket with a delete marker cannot be emptied, and Terraform retries for 15 minutes.
FakeDeleteMarker.dispose = _dispose  # type: ignore[attr-defined]


def _user_data(version: LaunchTemplateVersion) -> Base64EncodedString | None:
    """Wrap the user data; moto 5.2.5 wraps only that of a template's first version and fails on the others."""
    user_data = version.data.get("UserData")
    return Base64EncodedString(user_data) if isinstance(user_data, str) else user_data


# Else a group with a changed template launches no instances.
LaunchTemplateVersion.user_data = property(_user_data)  # type: ignore[assignment, method-assign]

_moto_create_template = LaunchTemplateBackend.create_launch_template


def _create_launch_template(
    backend: LaunchTemplateBackend, name: str, description: str, data: dict[str, Any], tag_spec: dict[str, Any]
) -> LaunchTemplate:
    """Keep the template's own tags out of the tags that it gives to what it launches.

    ``launch-template`` is no resource type of LaunchTemplateTagSpecificationRequest in LaunchTemplateData:
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_LaunchTemplateTagSpecificationRequest.html
    """
    launched = [tags for tags in data.get("TagSpecifications", []) if tags["ResourceType"] != "launch-template"]
    data = {**data, **({"TagSpecifications": launched} if "TagSpecifications" in data else {})}
    return _moto_create_template(backend, name, description, data, tag_spec)


# Else each plan of Terraform changes the template back, and each deployment replaces all instances.
LaunchTemplateBackend.create_launch_template = _create_launch_template  # type: ignore[assignment, method-assign]

_moto_delete = RDSResponse.delete_db_instance


def _delete_db_instance(request: RDSResponse) -> ActionResult:
    """Require either a final snapshot's name or that none is taken, as RDS does; moto accepts neither and both.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html
    """
    named, skipped = (
        bool(request.params.get("FinalDBSnapshotIdentifier")),
        bool(request.params.get("SkipFinalSnapshot")),
    )
    if named is skipped:
        reason = "can not be specified when" if named else "is required unless"
        raise InvalidParameterCombination(f"FinalDBSnapshotIdentifier {reason} SkipFinalSnapshot is specified.")
    return _moto_delete(request)


RDSResponse.delete_db_instance = _delete_db_instance  # type: ignore[method-assign, assignment]

_moto_attributes = vars(Queue)["attributes"].fget


def _attributes(queue: Queue) -> dict[str, Any]:
    """Write the redrive policy without spaces, as AWS does."""
    attributes: dict[str, Any] = _moto_attributes(queue)
    if queue.redrive_policy:
        attributes["RedrivePolicy"] = json.dumps(queue.redrive_policy, separators=(",", ":"))
    return attributes


# Else each deployment updates the queue, since the provider compares the text, and waits 30 seconds.
Queue.attributes = property(_attributes)  # type: ignore[assignment, method-assign]

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("-H", "--host", required=True)
    parser.add_argument("-p", "--port", required=True)
    parser.add_argument("--calls", type=Path, help="file that every request is appended to")
    options = parser.parse_args()
    os.environ["MOTO_PORT"] = options.port
    EmulatorServer(f"{options.host}:{options.port}", options.calls).run()
