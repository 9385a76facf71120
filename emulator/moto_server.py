"""moto, served by gunicorn and asked one thing at a time: ``python -m emulator.moto_server -H HOST -p PORT``.

moto keeps everything in dictionaries without locks, and Terraform makes ten resources at once. Now and then a
request then fails after its work was done, and the provider tries again and is told that the name is taken; or it
fails half done, and what is left of an instance holds its subnet for ever. One lock for all: Auto Scaling, databases
and load balancers keep their addresses in EC2's tables. SQS and S3 are left as they are: a long poll must not keep
others waiting, and they touch nobody's tables.

An answer can be lost on its way, on a busy machine about once in a thousand. AWS knows a second attempt for what it
is; moto would say that the name is taken, or that what is to be deleted is gone. So the second attempt of a request
that was answered gets the answer of the first.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, NamedTuple

from gunicorn.app.base import BaseApplication
from moto.core.types import Base64EncodedString
from moto.ec2.models.launch_templates import LaunchTemplateVersion
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import FakeDeleteMarker
from moto.sqs.models import Queue

_SERVICE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/")
_UNGUARDED = ("s3", "sqs")
_REMEMBERED = 1000


class Answer(NamedTuple):
    """What a request was answered."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


class OneAtATime(DomainDispatcherApplication):
    """moto's application behind a lock, with a memory of its last answers."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._lock = threading.Lock()
        self._answers: OrderedDict[str, Answer] = OrderedDict()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request, when the one before it has been answered."""
        signed = _SERVICE.search(environ.get("HTTP_AUTHORIZATION", ""))
        if signed is None or signed[1] in _UNGUARDED:
            unguarded: Iterable[bytes] = super().__call__(environ, start_response)
            return unguarded
        # AWS's SDKs name a request the same in each of its attempts.
        # https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
        invocation = environ.get("HTTP_AMZ_SDK_INVOCATION_ID", "")
        with self._lock:
            answer = self._answers.get(invocation) or self._answer(environ)
            if invocation and answer.status.startswith("2"):
                self._answers[invocation] = answer
                if len(self._answers) > _REMEMBERED:
                    self._answers.popitem(last=False)
        start_response(answer.status, answer.headers)
        return [answer.body]

    def _answer(self, environ: dict[str, Any]) -> Answer:
        given: list[Any] = []
        parts = super().__call__(environ, lambda status, headers, _error=None: given.extend((status, headers)))
        try:
            body = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        return Answer(given[0], given[1], body)


class EmulatorServer(BaseApplication):  # type: ignore[misc]
    """gunicorn with one process, which holds all that was made."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def load_config(self) -> None:
        """Tell gunicorn how to run."""
        settings: dict[str, Any] = {
            "bind": self._address,
            "worker_class": "gthread",
            "threads": 64,
            # A process that is slow on a busy machine must not be replaced by an empty one.
            "timeout": 0,
            # Longer than any client keeps a quiet connection, so that none meets a closed one.
            "keepalive": 3600,
            # What still polls then has nothing to lose.
            "graceful_timeout": 1,
            # S3 has metadata with underscores in their names.
            "header_map": "dangerous",
            "control_socket_disable": True,
            "accesslog": "-",
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> OneAtATime:
        """moto's application."""
        return OneAtATime(create_backend_app)


def _dispose_of_nothing(_marker: FakeDeleteMarker) -> None:
    """moto asks each version that goes to give its bytes back; a marker has none, and moto 5.2.5 breaks on it."""


# Else a bucket in which an object was ever deleted can't be emptied, and Terraform tries for a quarter of an hour.
FakeDeleteMarker.dispose = _dispose_of_nothing  # type: ignore[attr-defined]


def _user_data(version: LaunchTemplateVersion) -> Base64EncodedString | None:
    """moto 5.2.5 wraps the user-data of a template's first version alone, and breaks on that of the others."""
    given = version.data.get("UserData")
    return Base64EncodedString(given) if isinstance(given, str) else given


# Else a group whose template was ever changed launches no instance.
LaunchTemplateVersion.user_data = property(_user_data)  # type: ignore[assignment, method-assign]

_moto_attributes = vars(Queue)["attributes"].fget


def _attributes(queue: Queue) -> dict[str, Any]:
    """moto writes a redrive policy with spaces, as AWS does not."""
    found: dict[str, Any] = _moto_attributes(queue)
    if queue.redrive_policy:
        found["RedrivePolicy"] = json.dumps(queue.redrive_policy, separators=(",", ":"))
    return found


# Else each deployment changes the queue once more, since the provider compares the text, and waits half a minute.
Queue.attributes = property(_attributes)  # type: ignore[assignment, method-assign]

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("-H", "--host", required=True)
    parser.add_argument("-p", "--port", required=True)
    given = parser.parse_args()
    os.environ["MOTO_PORT"] = given.port
    EmulatorServer(f"{given.host}:{given.port}").run()
