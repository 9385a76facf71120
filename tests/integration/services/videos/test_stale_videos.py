"""Stale videos are requeued up to the maximum, then given up with a reason."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, text

from services.videos import claims
from services.videos.backlog import read_backlog
from services.videos.failures import FailureReason
from services.videos.outbox import relay
from services.videos.stale_videos import MAX_REQUEUES, StaleVideo, recover_stale_videos, reopen
from tests.integration.services.world import World

STALE_AFTER = 1200


class FakeQueue:
    """Queue that records the sent videos."""

    def __init__(self) -> None:
        self.videos: list[UUID] = []

    def send(self, video_id: UUID, **_: Any) -> None:
        self.videos.append(video_id)


def send_all(engine: Engine) -> list[UUID]:
    sent = FakeQueue()
    relay(engine, sent)  # type: ignore[arg-type]
    return sent.videos


def pass_time(connection: Connection, seconds: float) -> None:
    """Move all times into the past."""
    past = {"seconds": seconds}
    connection.execute(
        text(
            "UPDATE videos SET updated_at = updated_at - make_interval(secs => :seconds),"
            " lease_until = lease_until - make_interval(secs => :seconds)"
        ),
        past,
    )
    connection.execute(
        text(
            "UPDATE task_results SET sent_at = sent_at - make_interval(secs => :seconds),"
            " created_at = created_at - make_interval(secs => :seconds)"
        ),
        past,
    )


def recover(connection: Connection, *, queue_is_empty: bool = True) -> list[StaleVideo]:
    return recover_stale_videos(connection, stale_after_seconds=STALE_AFTER, queue_is_empty=queue_is_empty)


def video(connection: Connection, video_id: UUID) -> tuple[Any, ...]:
    query = "SELECT status, failure_reason FROM videos WHERE id = :id"
    return tuple(connection.execute(text(query), {"id": video_id}).one())


@pytest.fixture
def sent(engine: Engine, world: World) -> UUID:
    """Video whose message was sent."""
    video_id = world.add_video(world.add_person())
    assert send_all(engine) == [video_id]
    return video_id


def test_lost_message_is_requeued(engine: Engine, connection: Connection, sent: UUID) -> None:
    pass_time(connection, STALE_AFTER + 1)
    assert recover(connection) == [StaleVideo(sent, given_up=False)]
    assert send_all(engine) == [sent]


def test_video_is_not_stale_too_early(connection: Connection, sent: UUID) -> None:
    pass_time(connection, STALE_AFTER - 30)
    assert recover(connection) == []


def test_video_of_a_dead_worker_is_requeued(engine: Engine, connection: Connection, sent: UUID) -> None:
    claims.claim(connection, sent, lease_seconds=60)
    pass_time(connection, STALE_AFTER + 61)
    assert recover(connection) == [StaleVideo(sent, given_up=False)]
    assert send_all(engine) == [sent]
    assert isinstance(claims.claim(connection, sent, lease_seconds=60), claims.Claim)


def test_released_video_with_lost_message_is_requeued(connection: Connection, sent: UUID) -> None:
    held = claims.claim(connection, sent, lease_seconds=60)
    assert isinstance(held, claims.Claim) and claims.release(connection, held, detail="the disk was full")
    pass_time(connection, STALE_AFTER + 1)
    assert recover(connection) == [StaleVideo(sent, given_up=False)]


def test_claimed_video_is_never_stale(connection: Connection, sent: UUID) -> None:
    held = claims.claim(connection, sent, lease_seconds=60)
    assert isinstance(held, claims.Claim)
    pass_time(connection, 10 * STALE_AFTER)
    claims.renew(connection, held, lease_seconds=60, progress=1)
    assert recover(connection) == []


def test_video_in_the_outbox_is_not_stale(connection: Connection, world: World) -> None:
    world.add_video(world.add_person())
    pass_time(connection, STALE_AFTER + 1)
    assert recover(connection) == []


@pytest.mark.parametrize("end", ["processed", "failed"])
def test_finished_video_is_not_stale(connection: Connection, sent: UUID, end: str) -> None:
    held = claims.claim(connection, sent, lease_seconds=60)
    assert isinstance(held, claims.Claim)
    if end == "processed":
        claims.finish(connection, held, processed_key="p", poster_key="q", preview_key="r")
    else:
        claims.fail(connection, held, reason="damaged", detail="")
    pass_time(connection, STALE_AFTER + 61)
    assert recover(connection) == []


def test_video_in_a_long_queue_is_not_stale(connection: Connection, sent: UUID) -> None:
    pass_time(connection, 10 * STALE_AFTER)
    assert recover(connection, queue_is_empty=False) == []


def test_overtaken_video_is_requeued_despite_a_long_queue(
    engine: Engine, connection: Connection, world: World, sent: UUID
) -> None:
    later = world.add_video(world.add_person())
    pass_time(connection, 1)
    send_all(engine)
    claims.claim(connection, later, lease_seconds=10 * STALE_AFTER)
    pass_time(connection, STALE_AFTER + 1)
    assert recover(connection, queue_is_empty=False) == [StaleVideo(sent, given_up=False)]


def test_video_is_given_up_after_max_requeues(engine: Engine, connection: Connection, sent: UUID) -> None:
    for _ in range(MAX_REQUEUES):
        pass_time(connection, STALE_AFTER + 1)
        assert recover(connection) == [StaleVideo(sent, given_up=False)]
        send_all(engine)
    assert recover(connection) == []
    pass_time(connection, STALE_AFTER + 1)
    assert recover(connection) == [StaleVideo(sent, given_up=True)]
    assert video(connection, sent) == ("failed", FailureReason.GIVEN_UP)
    detail = connection.execute(text("SELECT status, error_message FROM task_results")).one()
    assert tuple(detail) == ("failed", "given up: no worker finished it after it was sent again 3 times")
    assert recover(connection) == []
    assert claims.claim(connection, sent, lease_seconds=60) is claims.Refusal.DONE


def test_reopened_video_gets_all_requeues_again(engine: Engine, connection: Connection, sent: UUID) -> None:
    connection.execute(text("UPDATE task_results SET sweeps = :most"), {"most": MAX_REQUEUES})
    pass_time(connection, STALE_AFTER + 1)
    assert recover(connection) == [StaleVideo(sent, given_up=True)]
    assert reopen(connection, sent)
    assert not reopen(connection, sent)
    assert video(connection, sent) == ("uploaded", None)
    pass_time(connection, STALE_AFTER + 1)
    assert recover(connection) == [StaleVideo(sent, given_up=False)]


def test_only_given_up_videos_can_be_reopened(connection: Connection, sent: UUID) -> None:
    held = claims.claim(connection, sent, lease_seconds=60)
    assert isinstance(held, claims.Claim)
    claims.fail(connection, held, reason="damaged", detail="")
    assert not reopen(connection, sent)
    assert video(connection, sent) == ("failed", "damaged")


def test_concurrent_recoveries_handle_each_video_once(engine: Engine, connection: Connection, world: World) -> None:
    owner = world.add_person()
    videos = [world.add_video(owner) for _ in range(20)]
    while send_all(engine):
        pass
    pass_time(connection, STALE_AFTER + 1)

    def recover_all(_: int) -> list[UUID]:
        found: list[UUID] = []
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as own:
            while recovered := recover_stale_videos(own, stale_after_seconds=STALE_AFTER, queue_is_empty=True, most=2):
                found += [stale.video_id for stale in recovered]
        return found

    with ThreadPoolExecutor(4) as threads:
        found = [video_id for videos in threads.map(recover_all, range(4)) for video_id in videos]
    assert sorted(found) == sorted(videos)
    assert connection.execute(text("SELECT DISTINCT sweeps FROM task_results")).scalars().all() == [1]


def test_claim_and_recovery_do_not_block_each_other(engine: Engine, connection: Connection, sent: UUID) -> None:
    pass_time(connection, STALE_AFTER + 1)
    with engine.begin() as claiming:
        assert isinstance(claims.claim(claiming, sent, lease_seconds=60), claims.Claim)
        assert recover(connection) == []
    assert recover(connection) == []


def test_backlog_age_starts_at_the_requeue(connection: Connection, sent: UUID) -> None:
    pass_time(connection, STALE_AFTER + 1)
    recover(connection)
    backlog = read_backlog(connection)
    assert (backlog.uploads, backlog.videos) == (1, 1)
    assert backlog.oldest_seconds < STALE_AFTER
