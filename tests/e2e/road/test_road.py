"""The whole road, over HTTP only: deployed, uploaded, processed, voted, ranked, stopped, started again."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import psutil
import pytest

from operations.local import aws
from operations.local.ports import is_listening
from tests.commands import Commands
from tests.e2e.road.people import Person

STACKS = {"network", "storage", "queue", "database", "load-balancer", "portal", "workers", "observability"}
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


def test_every_stack_is_deployed_and_the_portal_is_healthy(system: Commands, people: tuple[Person, Person]) -> None:
    states = {
        file.stem: json.loads(file.read_text()) for file in system.folder.glob("infrastructure/states/*/*.tfstate")
    }
    assert set(states) == STACKS
    managed = [
        resource for state in states.values() for resource in state["resources"] if resource["mode"] == "managed"
    ]
    assert sum(len(resource["instances"]) for resource in managed) >= 60
    assert people[0].get("/health").json()["status"] == "healthy"


def secrets(aws_port: int) -> list[str]:
    manager = aws.client("secretsmanager", aws_port)
    texts = [
        manager.get_secret_value(SecretId=each["ARN"])["SecretString"] for each in manager.list_secrets()["SecretList"]
    ]
    return [json.loads(text)["password"] if text.startswith("{") else text for text in texts]


def test_no_secret_is_in_a_state_the_configuration_or_a_log(system: Commands) -> None:
    port = system.state().children["aws"].port
    assert port is not None
    hidden = secrets(port)
    assert len(hidden) == 2, "the database's master password and the key of the tokens"
    folder = system.folder
    written = [*folder.glob("infrastructure/**/*.tfstate"), *folder.glob("infrastructure/**/*.tf.json")]
    written += [folder / "state.json", *folder.glob("logs/*.log")]
    assert len(written) > 14
    for file in written:
        text = file.read_text(errors="replace")
        assert not any(secret in text for secret in hidden), file


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


def test_down_leaves_no_process_and_no_port_and_up_plays_the_video_again(
    system: Commands, people: tuple[Person, Person], video: dict[str, Any]
) -> None:
    members = system.members()
    family = [psutil.Process(member.pid) for member in members]
    family += [child for process in family for child in process.children(recursive=True)]

    assert system.run("down").returncode == 0
    assert not [process for process in family if process.is_running()]
    assert not any(is_listening(member.port) for member in members if member.port)

    again = system.up()
    assert again.returncode == 0, again.stdout + again.stderr
    fan = people[1]
    fan.sign_in()
    (ranked,) = fan.get("/api/public/rankings", city="Villa de Leyva").json()
    assert ranked["votes"] == 1
    assert_is_the_processed_clip(fan.get(ranked["video_url"]).content)
