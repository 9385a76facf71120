"""Log lines in CloudWatch Logs: they arrive and never block the process."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from emulator import aws
from workspace.ports import free_port

ROOT = Path(__file__).resolve().parents[4]
INSTANCE = "i-0123456789abcdef0"


class Metadata(BaseHTTPRequestHandler):
    """EC2's metadata service, version 2, which requires a token."""

    def do_PUT(self) -> None:
        self._answer("token" if self.headers.get("X-aws-ec2-metadata-token-ttl-seconds") else None)

    def do_GET(self) -> None:
        known = self.path == "/latest/meta-data/instance-id" and self.headers.get("X-aws-ec2-metadata-token") == "token"
        self._answer(INSTANCE if known else None)

    def _answer(self, text: str | None) -> None:
        self.send_response(200 if text else 401)
        self.end_headers()
        self.wfile.write((text or "").encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def metadata() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Metadata) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def group(aws_endpoint: str, aws_port: int) -> str:
    name = f"/anb/{uuid.uuid4().hex}"
    aws.client("logs", aws_port).create_log_group(logGroupName=name)
    return name


def run(code: str, group: str, **variables: str) -> list[dict[str, Any]]:
    """Run a program that logs; return its output."""
    program = (
        "import logging, os, sys\nfrom services.shared import cloudwatch_logs, telemetry\n"
        f"telemetry.configure_logging('portal', log_group={group!r}, region={aws.REGION!r})\n"
        f"log = telemetry.get_logger('test')\n{code}"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        # The tests' environment disables the metadata service.
        # The recorded calls name their program.
        env={**os.environ, "AWS_EC2_METADATA_DISABLED": "false", "AWS_SDK_UA_APP_ID": "logging", **variables},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


def sent(group: str, stream: str, aws_port: int) -> list[dict[str, Any]]:
    answer = aws.client("logs", aws_port).get_log_events(
        logGroupName=group, logStreamName=stream, startFromHead=True, limit=10_000
    )
    return [json.loads(event["message"]) for event in answer["events"]]


def test_all_lines_are_sent_before_the_process_exits(group: str, metadata: str, aws_port: int) -> None:
    lines = run(
        "log.info('one', user_id=7)\nlogging.getLogger('library').warning('two')",
        group,
        AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata,
    )
    assert [line["event"] for line in lines] == ["one", "two"]
    # Each handler sets the timestamp of a library's line, so they differ.
    arrived = sent(group, f"portal/{INSTANCE}", aws_port)
    assert [{**line, "timestamp": ""} for line in arrived] == [{**line, "timestamp": ""} for line in lines]


def test_lines_of_a_forked_process_are_sent(group: str, metadata: str, aws_port: int) -> None:
    run(
        "log.info('before')\nlogging.getLogger().handlers[1].flush()\nchild = os.fork()\n"
        "log.info('parent' if child else 'child')\nif child: os.waitpid(child, 0)",
        group,
        AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata,
    )
    events = [line["event"] for line in sent(group, f"portal/{INSTANCE}", aws_port)]
    assert sorted(events) == ["before", "child", "parent"]


def test_stream_is_the_host_name_outside_ec2(group: str, aws_port: int) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    run("log.info('one')", group, AWS_EC2_METADATA_SERVICE_ENDPOINT=endpoint)
    assert [line["event"] for line in sent(group, f"portal/{platform.node()}", aws_port)][-1] == "one"


def test_lines_beyond_the_queue_are_dropped_and_counted(group: str, metadata: str, aws_port: int) -> None:
    """AWS is unreachable for the first lines and reachable for the last."""
    lines = run(
        "handler = logging.getLogger().handlers[1]\n"
        "cloudwatch_logs._MAX_QUEUED_LINES = 50\n"
        "client = handler.cwl_client.meta.endpoint_url\n"
        f"handler.cwl_client = __import__('boto3').client('logs', region_name={aws.REGION!r}, "
        f"endpoint_url='http://127.0.0.1:{free_port()}')\n"
        "for number in range(1000): log.info('unreachable', number=number)\n"
        "handler.flush()\n"
        "handler.cwl_client = handler._connect()\n"
        "log.info('reachable')\nhandler.flush()\nlog.info('last')\n",
        group,
        AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata,
    )
    # Standard output has all lines.
    assert len([line for line in lines if line["event"] == "unreachable"]) == 1000
    arrived = [line["event"] for line in sent(group, f"portal/{INSTANCE}", aws_port)]
    assert "reachable" in arrived and "last" in arrived
    (warning,) = [event for event in arrived if event.endswith("log lines could not be sent to CloudWatch Logs")]
    assert int(warning.split()[0]) == 1000 - arrived.count("unreachable")


def test_process_exits_in_time_if_aws_does_not_answer(group: str, metadata: str) -> None:
    run(
        "log.info('one')",
        group,
        AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata,
        AWS_ENDPOINT_URL_LOGS=f"http://127.0.0.1:{free_port()}",
    )
