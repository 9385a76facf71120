"""A video's work: one holder at a time, and a former holder can do no harm."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, Engine, text

from services.videos import claims
from services.videos.claims import Claim, Refusal
from services.videos.records import delete_video, find_video
from tests.integration.services.world import World


def state(connection: Connection, video_id: UUID) -> tuple[str, str]:
    row = connection.execute(
        text("SELECT v.status, t.status FROM videos v JOIN task_results t ON t.video_id = v.id WHERE v.id = :id"),
        {"id": video_id},
    ).one()
    return row[0], row[1]


def hold(connection: Connection, video_id: UUID, lease_seconds: int = 60) -> Claim:
    held = claims.claim(connection, video_id, lease_seconds=lease_seconds)
    assert isinstance(held, Claim)
    return held


def lose(connection: Connection, video_id: UUID) -> None:
    connection.execute(text("UPDATE videos SET lease_until = now() - interval '1 s' WHERE id = :id"), {"id": video_id})


@pytest.fixture
def video_id(world: World) -> UUID:
    return world.uploaded(world.person())


def test_a_claim_starts_the_work(connection: Connection, video_id: UUID) -> None:
    held = hold(connection, video_id)
    assert held == Claim(video_id, 1, f"uploads/{video_id}.mp4")
    assert state(connection, video_id) == ("processing", "running")


def test_while_it_is_held_nobody_else_gets_it(connection: Connection, video_id: UUID) -> None:
    hold(connection, video_id)
    assert claims.claim(connection, video_id, lease_seconds=60) is Refusal.BUSY


def test_of_many_at_once_one_gets_it(engine: Engine, video_id: UUID) -> None:
    def claim(_: int) -> object:
        with engine.begin() as own:
            return claims.claim(own, video_id, lease_seconds=60)

    with ThreadPoolExecutor(10) as threads:
        results = list(threads.map(claim, range(10)))
    assert sorted(type(result).__name__ for result in results) == ["Claim"] + ["Refusal"] * 9


def test_after_the_lease_another_attempt_gets_it(connection: Connection, video_id: UUID) -> None:
    hold(connection, video_id)
    lose(connection, video_id)
    assert hold(connection, video_id).attempt == 2


def test_a_renewed_lease_holds(connection: Connection, video_id: UUID) -> None:
    held = hold(connection, video_id)
    lose(connection, video_id)
    assert claims.renew(connection, held, lease_seconds=60, progress=40)
    assert claims.claim(connection, video_id, lease_seconds=60) is Refusal.BUSY
    video = find_video(connection, video_id)
    assert video is not None and video.progress == 40


def test_progress_never_goes_back(connection: Connection, video_id: UUID) -> None:
    held = hold(connection, video_id)
    for progress in (40, 10):
        claims.renew(connection, held, lease_seconds=60, progress=progress)
    video = find_video(connection, video_id)
    assert video is not None and video.progress == 40


def test_a_finished_video_is_published(connection: Connection, video_id: UUID) -> None:
    assert claims.finish(connection, hold(connection, video_id), processed_key="p", poster_key="q", preview_key="r")
    assert state(connection, video_id) == ("processed", "completed")
    video = find_video(connection, video_id)
    assert video is not None
    assert (video.processed_url, video.poster_url, video.preview_url, video.progress) == ("p", "q", "r", 100)
    assert claims.claim(connection, video_id, lease_seconds=60) is Refusal.DONE


def test_a_failed_video_is_not_tried_again(connection: Connection, video_id: UUID) -> None:
    assert claims.fail(connection, hold(connection, video_id), reason="not_a_video", detail="no stream")
    assert state(connection, video_id) == ("failed", "failed")
    video = find_video(connection, video_id)
    assert video is not None and video.failure_reason == "not_a_video"
    assert claims.claim(connection, video_id, lease_seconds=60) is Refusal.DONE


def test_a_released_video_is_tried_again(connection: Connection, video_id: UUID) -> None:
    assert claims.release(connection, hold(connection, video_id), detail="the disk was full")
    video = find_video(connection, video_id)
    assert video is not None and (video.status, video.progress) == ("uploaded", 0)
    assert hold(connection, video_id).attempt == 2


def test_a_deleted_video_is_gone(connection: Connection, world: World) -> None:
    owner = world.person()
    video_id = world.uploaded(owner)
    held = hold(connection, video_id)
    delete_video(connection, video_id, owner)
    assert claims.claim(connection, video_id, lease_seconds=60) is Refusal.GONE
    assert claims.claim(connection, uuid4(), lease_seconds=60) is Refusal.GONE
    assert not claims.finish(connection, held, processed_key="p", poster_key="q", preview_key="r")


@pytest.mark.parametrize("ended", ["running", "finished", "failed", "released"])
def test_a_former_holder_can_do_no_harm(connection: Connection, video_id: UUID, ended: str) -> None:
    former = hold(connection, video_id)
    lose(connection, video_id)
    present = hold(connection, video_id)
    match ended:
        case "finished":
            claims.finish(connection, present, processed_key="p", poster_key="q", preview_key="r")
        case "failed":
            claims.fail(connection, present, reason="not_a_video", detail="")
        case "released":
            claims.release(connection, present, detail="")
    before = find_video(connection, video_id), state(connection, video_id)
    assert not claims.renew(connection, former, lease_seconds=60, progress=99)
    assert not claims.finish(connection, former, processed_key="zombie", poster_key="zombie", preview_key="zombie")
    assert not claims.fail(connection, former, reason="zombie", detail="")
    assert not claims.release(connection, former, detail="")
    assert (find_video(connection, video_id), state(connection, video_id)) == before
