"""From an account to a voted and ranked video over HTTP, on the system of ./anb up; the last test takes it down."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import psutil
import pytest

from tests.commands import Commands
from tests.e2e.up.people import Person
from workspace.ports import is_listening

TITLE = "Triple desde media cancha"


@pytest.fixture(scope="module")
def people(system: Commands) -> Iterator[tuple[Person, Person]]:
    yield Person(system.url, "Valentina", "Villa de Leyva"), Person(system.url, "Santiago", "Villa de Leyva")


@pytest.fixture(scope="module")
def video(people: tuple[Person, Person], clip: Path) -> dict[str, Any]:
    """The clip of the first person, processed."""
    player, fan = people
    for person in people:
        assert person.sign_up().status_code == 201
        token = person.sign_in()
        assert token["token_type"] == "Bearer"
    answer = player.upload(clip, TITLE)
    assert answer.status_code == 201, answer.text
    return player.wait_until_processed(answer.json()["task_id"])


def assert_is_the_processed_clip(content: bytes) -> None:
    with av.open(io.BytesIO(content)) as container:
        (stream,) = container.streams
        assert (stream.type, stream.codec_context.name) == ("video", "h264")
        assert (stream.codec_context.width, stream.codec_context.height) == (1280, 720)
        assert container.duration is not None
        # 30 s of the clip, between two curtains.
        assert 33 < container.duration / av.time_base <= 34.1


def test_the_portal_is_healthy(people: tuple[Person, Person]) -> None:
    assert people[0].get("/health").json()["status"] == "healthy"


def test_an_upright_clip_becomes_a_silent_h264_video_of_1280x720(
    people: tuple[Person, Person], video: dict[str, Any]
) -> None:
    answer = people[1].get(video["processed_url"])
    assert answer.status_code == 200
    assert_is_the_processed_clip(answer.content)


def test_one_vote_each_and_none_for_oneself(people: tuple[Person, Person], video: dict[str, Any]) -> None:
    player, fan = people
    assert [voter.vote(video["video_id"]).status_code for voter in (fan, fan, player)] == [200, 400, 400]


def test_the_ranking_of_the_city_shows_the_vote(people: tuple[Person, Person], video: dict[str, Any]) -> None:
    (ranked,) = people[1].get("/api/public/rankings", city="Villa de Leyva").json()
    assert (ranked["video_id"], ranked["votes"], ranked["position"]) == (video["video_id"], 1, 1)


def test_down_keeps_the_video_and_leaves_no_process_or_port(system: Commands, video: dict[str, Any]) -> None:
    """That the next up plays what was kept is proven in tests/integration/local, without Terraform."""
    members = system.members()
    family = [psutil.Process(member.pid) for member in members]
    family += [child for process in family for child in process.children(recursive=True)]

    stopped = system.run("down")

    assert stopped.returncode == 0, stopped.stdout + stopped.stderr
    assert not [process for process in family if process.is_running()]
    assert not any(is_listening(member.port) for member in members if member.port)
    kept = (system.folder / "objects/processed" / video["video_id"]).glob("*.mp4")
    (processed,) = [path for path in kept if not path.name.endswith(".preview.mp4")]
    assert_is_the_processed_clip(processed.read_bytes())
