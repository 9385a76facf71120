"""``python -m services.portal``: the process as an instance starts it."""

from __future__ import annotations

import json
import platform
import signal
import socket
import time
import uuid

import pytest
import requests
from sqlalchemy import Engine, text

from emulator import aws
from services.environment import PortalEnvironment
from services.portal.__main__ import main

from .people import registration
from .process import PortalStarter
from .site import PortalSite


def test_portal_serves_runs_tasks_stops_and_logs_to_cloudwatch(
    start_portal: PortalStarter, engine: Engine, aws_port: int
) -> None:
    logs, group = aws.client("logs", aws_port), f"/anb/{uuid.uuid4().hex}"
    logs.create_log_group(logGroupName=group)
    portal = start_portal(log_group=group)
    portal.wait_until_healthy()
    assert requests.post(f"{portal.url}/api/auth/signup", json=registration(), timeout=30).status_code == 201
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO videos (user_id, title, original_filename, original_url) VALUES (1, 't', 'f', 'u')")
        )
        connection.execute(text("INSERT INTO vote_deltas (video_id, delta) SELECT id, 1 FROM videos"))
    end = time.monotonic() + 60
    while True:
        with engine.connect() as connection:
            if connection.execute(text("SELECT votes_count FROM videos")).scalar_one() == 1:
                break
        assert time.monotonic() < end
        time.sleep(0.1)
    portal.process.send_signal(signal.SIGTERM)
    assert portal.process.wait(60) == 0
    lines = [json.loads(line) for line in portal.log.read_text().splitlines()]
    assert {line["service"] for line in lines} == {"portal"}
    # One event of a gunicorn worker and one of the master.
    events = {"account created", "portal draining"}
    assert events <= {line["event"] for line in lines}
    cloudwatch_events = logs.filter_log_events(logGroupName=group)["events"]
    assert {event["logStreamName"] for event in cloudwatch_events} == {f"portal/{platform.node()}"}
    assert events <= {json.loads(event["message"])["event"] for event in cloudwatch_events}


def test_portal_listens_on_its_own_address_only(site: PortalSite) -> None:
    port = site.environment.portal_port
    with socket.socket() as other:
        # All of 127/8 is this machine; the portal binds only 127.0.0.1.
        assert other.connect_ex(("127.0.0.2", port)) != 0


def test_far_too_large_upload_returns_400(site: PortalSite) -> None:
    answer = requests.post(
        f"{site.url}/api/videos/upload",
        headers=dict(site.new_user().headers),
        data={"title": "Triple doble"},
        files={"video_file": ("play.mp4", b"x" * 20 * 2**20)},
        timeout=60,
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "File size exceeds maximum allowed (1MB)")


def test_invalid_environment_variables_are_explained(
    portal_environment: PortalEnvironment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    variables = {**portal_environment.as_variables(), "PORTAL_PORT": "http", "DATABASE_HOST": ""}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main() == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    first, second = printed.err.splitlines()
    assert first.startswith("DATABASE_HOST (address of PostgreSQL): is missing")
    assert second == "PORTAL_PORT (port the portal listens on): is 'http'; must be an integer of at least 1"
