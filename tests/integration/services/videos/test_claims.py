"""Claims: one worker at a time; outdated claims change nothing."""

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


def claim_video(connection: Connection, video_id: UUID, lease_seconds: int = 60) -> Claim:
    held = claims.claim(connection, video_id, lease_seconds=lease_seconds)
    assert isinstance(held, Claim)
    return held


def expire_lease(connection: Connection, video_id: UUID) -> None:
    connection.execute(text("UPDATE videos SET lease_until = now() - interval '1 s' WHERE id = :id"), {"id": video_id})


@pytest.fixture
def video_id(world: World) -> UUID:
    return world.add_video(world.add_person())


def test_claim_starts_processing(connection: Connection, video_id: UUID) -> None:
    held = claim_video(connection, video_id)
    assert held == Claim(video_id, 1, f"uploads/{video_id}.mp4")
    assert state(connection, video_id) == ("processing", "running")


def test_claimed_video_is_busy(connection: Connection, video_id: UUID) -> None:
    claim_video(connection, video_id)
    assert claims.claim(connection, video_id, lease_seconds=60) is Refusal.BUSY


def test_one_of_many_concurrent_claims_succeeds(engine: Engine, video_id: UUID) -> None:
    def claim(_: int) -> object:
        with engine.begin() as own:
            return claims.claim(own, video_id, lease_seconds=60)

    with ThreadPoolExecutor(10) as threads:
        results = list(threads.map(claim, range(10)))
    assert sorted(type(result).__name__ for result in results) == ["Claim"] + ["Refusal"] * 9


def test_expired_lease_allows_another_attempt(connection: Connection, video_id: UUID) -> None:
    claim_video(connection, video_id)
    expire_lease(connection, video_id)
    assert claim_video(connection, video_id).attempt == 2


def test_renewed_lease_is_valid(connection: Connection, video_id: UUID) -> None:
    held = claim_video(connection, video_id)
    expire_lease(connection, video_id)
    assert claims.renew(connection, held, lease_seconds=60, progress=40)
    assert claims.claim(connection, video_id, lease_seconds=60) is Refusal.BUSY
    video = find_video(connection, video_id)
    assert video is not None and video.progress == 40


def test_progress_never_decreases(connection: Connection, video_id: UUID) -> None:
    held = claim_video(connection, video_id)
    for progress in (40, 10):
        claims.renew(connection, held, lease_seconds=60, progress=progress)
    video = find_video(connection, video_id)
    assert video is not None and video.progress == 40


def test_finished_video_is_published(connection: Connection, video_id: UUID) -> None:
    assert claims.finish(
        connection, claim_video(connection, video_id), processed_key="p", poster_key="q", preview_key="r"
    )
    assert state(connection, video_id) == ("processed", "completed")
    video = find_video(connection, video_id)
    assert video is not None
    assert (video.processed_url, video.poster_url, video.preview_url, video.progress) == ("p", "q", "r", 100)
    assert claims.claim(connection, video_id, lease_seconds=60) is Refusal.DONE


def test_failed_video_is_not_retried(connection: Connection, video_id: UUID) -> None:
    assert claims.fail(connection, claim_video(connection, video_id), reason="not_a_video", detail="no stream")
    assert state(connection, video_id) == ("failed", "failed")
    video = find_video(connection, video_id)
    assert video is not None and video.failure_reason == "not_a_video"
    assert claims.claim(connection, video_id, lease_seconds=60) is Refusal.DONE


def test_released_video_is_retried(connection: Connection, video_id: UUID) -> None:
    assert claims.release(connection, claim_video(connection, video_id), detail="the disk was full")
    video = find_video(connection, video_id)
    assert video is not None and (video.status, video.progress) == ("uploaded", 0)
    assert claim_video(connection, video_id).attempt == 2


def test_deleted_video_is_gone(connection: Connection, world: World) -> None:
    owner = world.add_person()
    video_id = world.add_video(owner)
    held = claim_video(connection, video_id)
    delete_video(connection, video_id, owner)
    assert claims.claim(connection, video_id, lease_seconds=60) is Refusal.GONE
    assert claims.claim(connection, uuid4(), lease_seconds=60) is Refusal.GONE
    assert not claims.finish(connection, held, processed_key="p", poster_key="q", preview_key="r")


@pytest.mark.parametrize("ended", ["running", "finished", "failed", "released"])
def test_outdated_claim_changes_nothing(connection: Connection, video_id: UUID, ended: str) -> None:
    outdated = claim_video(connection, video_id)
    expire_lease(connection, video_id)
    current = claim_video(connection, video_id)
    match ended:
        case "finished":
            claims.finish(connection, current, processed_key="p", poster_key="q", preview_key="r")
        case "failed":
            claims.fail(connection, current, reason="not_a_video", detail="")
        case "released":
            claims.release(connection, current, detail="")
    before = find_video(connection, video_id), state(connection, video_id)
    assert not claims.renew(connection, outdated, lease_seconds=60, progress=99)
    assert not claims.finish(connection, outdated, processed_key="zombie", poster_key="zombie", preview_key="zombie")
    assert not claims.fail(connection, outdated, reason="zombie", detail="")
    assert not claims.release(connection, outdated, detail="")
    assert (find_video(connection, video_id), state(connection, video_id)) == before
