"""From sign-up to a ranked video over HTTP, on the system of ./anb up; one test stops the system."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import psutil
import pytest

from tests.commands import Commands
from tests.e2e.up.people import ApiUser
from workspace.ports import is_listening

TITLE = "Triple desde media cancha"


@pytest.fixture(scope="module")
def people(system: Commands) -> Iterator[tuple[ApiUser, ApiUser]]:
    yield ApiUser(system.url, "Valentina", "Villa de Leyva"), ApiUser(system.url, "Santiago", "Villa de Leyva")


@pytest.fixture(scope="module")
def video(people: tuple[ApiUser, ApiUser], clip: Path) -> dict[str, Any]:
    """The processed clip of the first user."""
    player, fan = people
    for person in people:
        assert person.sign_up().status_code == 201
        token = person.sign_in()
        assert token["token_type"] == "Bearer"
    answer = player.upload(clip, TITLE)
    assert answer.status_code == 201, answer.text
    return player.wait_until_processed(answer.json()["task_id"])


def assert_processed_clip(content: bytes) -> None:
    with av.open(io.BytesIO(content)) as container:
        (stream,) = container.streams
        assert (stream.type, stream.codec_context.name) == ("video", "h264")
        assert (stream.codec_context.width, stream.codec_context.height) == (1280, 720)
        assert container.duration is not None
        # 30 s of the clip, between two bumpers.
        assert 33 < container.duration / av.time_base <= 34.1


def test_portal_is_healthy(people: tuple[ApiUser, ApiUser]) -> None:
    assert people[0].get("/health").json()["status"] == "healthy"


def test_portrait_clip_becomes_silent_h264_1280x720(people: tuple[ApiUser, ApiUser], video: dict[str, Any]) -> None:
    answer = people[1].get(video["processed_url"])
    assert answer.status_code == 200
    assert_processed_clip(answer.content)


def test_second_vote_and_vote_for_own_video_return_400(people: tuple[ApiUser, ApiUser], video: dict[str, Any]) -> None:
    player, fan = people
    assert [voter.vote(video["video_id"]).status_code for voter in (fan, fan, player)] == [200, 400, 400]


def test_ranking_of_the_city_shows_the_vote(people: tuple[ApiUser, ApiUser], video: dict[str, Any]) -> None:
    (ranked,) = people[1].get("/api/public/rankings", city="Villa de Leyva").json()
    assert (ranked["video_id"], ranked["votes"], ranked["position"]) == (video["video_id"], 1, 1)


def test_down_keeps_the_video_and_leaves_no_process_or_port(system: Commands, video: dict[str, Any]) -> None:
    """tests/integration/local tests that the next up plays the stored video, without Terraform."""
    members = system.members()
    family = [psutil.Process(member.pid) for member in members]
    family += [child for process in family for child in process.children(recursive=True)]

    stopped = system.run("down")

    assert stopped.returncode == 0, stopped.stdout + stopped.stderr
    assert not [process for process in family if process.is_running()]
    assert not any(is_listening(member.port) for member in members if member.port)
    stored = (system.folder / "objects/processed" / video["video_id"]).glob("*.mp4")
    (processed,) = [path for path in stored if not path.name.endswith(".preview.mp4")]
    assert_processed_clip(processed.read_bytes())
