"""Sends log lines to CloudWatch Logs, beside the work: nothing waits for it, and what it cannot send is counted."""

from __future__ import annotations

import logging
import os
import platform
import threading
from typing import Any

import watchtower
from botocore.utils import METADATA_BASE_URL, IMDSFetcher

from services.shared.aws import AWS_ERRORS, aws_client

_MOST_WAITING = 10_000
_SECONDS_BETWEEN_BATCHES = 5
_METADATA_VARIABLE = "AWS_EC2_METADATA_SERVICE_ENDPOINT"  # boto3's own

log = logging.getLogger(__name__)


class CloudWatchHandler(watchtower.CloudWatchLogHandler):
    """watchtower's handler with bounds: lines that wait, time at the end of the process, connections after a fork.

    Args:
        group: name of the log group, which exists.
        stream: name of the stream, which is made with the first lines.
        region: AWS region.
    """

    FLUSH_TIMEOUT = 5
    # watchtower drops every line of other threads while it makes the stream, lest it logs about itself; that is
    # prevented below, by thread.
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
        """The client of this process: one that was made before a fork shares its connections with the parent."""
        if self._client_of != os.getpid():
            self.cwl_client = self._connect()
        return self._client

    @cwl_client.setter
    def cwl_client(self, client: Any) -> None:
        self._client = client
        self._client_of = os.getpid()

    def emit(self, record: logging.LogRecord) -> None:
        """Put a line among those that wait, or count it where too many do."""
        if getattr(self._sender, "is_sending", False):
            return
        if any(waiting.qsize() >= _MOST_WAITING for waiting in self.queues.values()):
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
    """The stream of this machine: ``<service>/<instance id>``, or its host name where it is no instance."""
    return f"{service}/{_InstanceMetadata().instance_id() or platform.node()}"


class _InstanceMetadata(IMDSFetcher):  # type: ignore[misc]
    """EC2's metadata service, version 2, as botocore asks it for credentials."""

    def __init__(self) -> None:
        base_url = os.environ.get(_METADATA_VARIABLE) or METADATA_BASE_URL
        super().__init__(timeout=1, num_attempts=3, base_url=f"{base_url.rstrip('/')}/")

    def instance_id(self) -> str | None:
        try:
            token = self._fetch_metadata_token()
            return str(self._get_request("latest/meta-data/instance-id", self._default_retry, token).text)
        except (*AWS_ERRORS, self._RETRIES_EXCEEDED_ERROR_CLS) as error:
            log.warning("the instance's id cannot be asked for: %s", error)
            return None
