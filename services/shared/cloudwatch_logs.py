"""Log handler that sends lines to CloudWatch Logs in the background. It never blocks; lines it drops are counted."""

from __future__ import annotations

import logging
import os
import platform
import threading
from typing import Any

import watchtower
from botocore.utils import METADATA_BASE_URL, IMDSFetcher

from services.shared.aws import AWS_ERRORS, aws_client

_MAX_QUEUED_LINES = 10_000
_SECONDS_BETWEEN_BATCHES = 5
_METADATA_VARIABLE = "AWS_EC2_METADATA_SERVICE_ENDPOINT"  # boto3's own

log = logging.getLogger(__name__)


class CloudWatchHandler(watchtower.CloudWatchLogHandler):
    """watchtower's handler with a limited queue, a limited flush at exit, and new connections after a fork.

    Args:
        group: Name of the log group; it must exist.
        stream: Name of the log stream; it is created with the first lines.
        region: AWS region.
    """

    FLUSH_TIMEOUT = 5
    # While watchtower creates the stream, it drops the lines of all threads so as not to log about itself. Here only
    # the lines of the sending thread are dropped; see `emit`.
    creating_log_stream = property(lambda _: False, lambda _, __: None)

    def __init__(self, group: str, stream: str, region: str) -> None:
        self._region = region
        self._dropped = 0
        self._is_delivered = False
        self._sender = threading.local()
        super().__init__(
            log_group_name=group,
            log_stream_name=stream.replace("{", "{{").replace("}", "}}"),
            send_interval=_SECONDS_BETWEEN_BATCHES,
            boto3_client=self._connect(),
            create_log_group=False,
        )

    @property
    def cwl_client(self) -> Any:
        """Client of this process. A client created before a fork would share its connections with the parent."""
        if self._client_of != os.getpid():
            self.cwl_client = self._connect()
        return self._client

    @cwl_client.setter
    def cwl_client(self, client: Any) -> None:
        self._client = client
        self._client_of = os.getpid()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a line, or count it as dropped if the queue is full."""
        if getattr(self._sender, "is_sending", False):
            return
        if any(queue.qsize() >= _MAX_QUEUED_LINES for queue in self.queues.values()):
            self._dropped += 1
            return
        super().emit(record)  # type: ignore[no-untyped-call]

    def _connect(self) -> Any:
        client = aws_client("logs", self._region)
        client.meta.events.register("after-call.cloudwatch-logs.PutLogEvents", self._note_answer)
        return client

    def _note_answer(self, http_response: Any, **_: Any) -> None:
        self._is_delivered = http_response.status_code == 200

    def _submit_batch(self, batch: list[Any], log_stream_name: str, max_retries: int = 5) -> None:
        self._is_delivered = False
        self._sender.is_sending = True
        try:
            super()._submit_batch(batch, log_stream_name, max_retries)  # type: ignore[no-untyped-call]
        finally:
            self._sender.is_sending = False
        if not self._is_delivered:
            self._dropped += len(batch)
        elif self._dropped:
            dropped, self._dropped = self._dropped, 0
            log.warning("%d log lines could not be sent to CloudWatch Logs", dropped)


def stream_name(service: str) -> str:
    """Return the log stream of this machine: ``<service>/<instance id>``, or its host name outside EC2."""
    return f"{service}/{_InstanceMetadata().instance_id() or platform.node()}"


class _InstanceMetadata(IMDSFetcher):  # type: ignore[misc]
    """Client of EC2's instance metadata service (IMDSv2), based on botocore's."""

    def __init__(self) -> None:
        base_url = os.environ.get(_METADATA_VARIABLE) or METADATA_BASE_URL
        super().__init__(timeout=1, num_attempts=3, base_url=f"{base_url.rstrip('/')}/")

    def instance_id(self) -> str | None:
        try:
            token = self._fetch_metadata_token()
            return str(self._get_request("latest/meta-data/instance-id", self._default_retry, token).text)
        except (*AWS_ERRORS, self._RETRIES_EXCEEDED_ERROR_CLS) as error:
            log.warning("cannot read the instance id: %s", error)
            return None
