"""The request id of an upload appears in the log lines of portal and worker."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from portal.people import PASSWORD, registration
from portal.process import PortalProcess
from world import WorkerProcess, WorkerWorld, wait_until

from services.consumer import Message
from services.environment import PortalEnvironment
from services.shared.queue import REQUEST_ID, USER_ID
from services.worker.handler import log_fields
from workspace.ports import free_port

ID = "Root=1-67891233-abcdef012345678912345678"


def lines(log: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]


def test_portal_and_worker_log_the_same_request_id(
    portal_environment: PortalEnvironment,
    start_worker: Callable[..., WorkerProcess],
    world: WorkerWorld,
    clip: Callable[..., Path],
    tmp_path: Path,
) -> None:
    environment = dataclasses.replace(portal_environment, portal_port=free_port())
    portal = PortalProcess(environment, tmp_path / "portal.log", {})
    try:
        portal.wait_until_healthy()
        with requests.Session() as session:
            session.post(f"{portal.url}/api/auth/signup", json=registration(), timeout=60).raise_for_status()
            login = {"email": "ana@example.com", "password": PASSWORD}
            token = session.post(f"{portal.url}/api/auth/login", json=login, timeout=60).json()["access_token"]
            answer = session.post(
                f"{portal.url}/api/videos/upload",
                headers={"Authorization": f"Bearer {token}", "X-Request-Id": ID},
                data={"title": "Triple doble"},
                files={"video_file": ("play.mp4", clip("320x240", seconds=1).read_bytes())},
                timeout=60,
            )
        assert (answer.status_code, answer.headers["X-Request-Id"]) == (201, ID)
        video_id = answer.json()["task_id"]
        worker = start_worker()
        wait_until(lambda: world.video(video_id).status == "processed")
        assert worker.terminate() == 0
    finally:
        portal.process.terminate()
        portal.process.wait(60)

    (received,) = portal.log_lines("video received")
    assert (received["request_id"], received["video_id"]) == (ID, video_id)
    video_lines = [line for line in lines(worker.log) if line.get("video_id") == video_id]
    assert {"video claimed", "video processed"} <= {line["event"] for line in video_lines}
    assert {(line.get("request_id"), line.get("user_id")) for line in video_lines} == {(ID, received["user_id"])}


@pytest.mark.parametrize(
    ("attributes", "fields"),
    [
        ({}, {}),
        ({REQUEST_ID: "r1"}, {"request_id": "r1"}),
        ({USER_ID: "7"}, {"user_id": 7}),
        ({REQUEST_ID: "", USER_ID: "seven"}, {}),
    ],
)
def test_missing_or_invalid_attributes_are_left_out(attributes: dict[str, str], fields: dict[str, object]) -> None:
    message = Message(id="m", body="{}", attributes=attributes, receive_count=1, receipt="r")

    assert log_fields(message) == fields
