"""No video is stuck: one that nobody works on is sent again, a few times, and then given up with a reason."""

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

OVERDUE = 1200


class Sent:
    """A queue that takes everything."""

    def __init__(self) -> None:
        self.videos: list[UUID] = []

    def send(self, video_id: UUID, **_: Any) -> None:
        self.videos.append(video_id)


def send_all(engine: Engine) -> list[UUID]:
    sent = Sent()
    relay(engine, sent)  # type: ignore[arg-type]
    return sent.videos


def pass_time(connection: Connection, seconds: float) -> None:
    """Let everything that happened have happened longer ago."""
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


def swept(connection: Connection, *, queue_is_empty: bool = True) -> list[StaleVideo]:
    return recover_stale_videos(connection, stale_after_seconds=OVERDUE, queue_is_empty=queue_is_empty)


def video(connection: Connection, video_id: UUID) -> tuple[Any, ...]:
    query = "SELECT status, failure_reason FROM videos WHERE id = :id"
    return tuple(connection.execute(text(query), {"id": video_id}).one())


@pytest.fixture
def sent(engine: Engine, world: World) -> UUID:
    """A video whose message was sent."""
    video_id = world.uploaded(world.person())
    assert send_all(engine) == [video_id]
    return video_id


def test_a_video_whose_message_was_lost_is_sent_again(engine: Engine, connection: Connection, sent: UUID) -> None:
    pass_time(connection, OVERDUE + 1)
    assert swept(connection) == [StaleVideo(sent, given_up=False)]
    assert send_all(engine) == [sent]


def test_a_video_is_left_alone_until_it_is_overdue(connection: Connection, sent: UUID) -> None:
    pass_time(connection, OVERDUE - 30)
    assert swept(connection) == []


def test_a_video_whose_worker_died_is_sent_again(engine: Engine, connection: Connection, sent: UUID) -> None:
    claims.claim(connection, sent, lease_seconds=60)
    pass_time(connection, OVERDUE + 61)
    assert swept(connection) == [StaleVideo(sent, given_up=False)]
    assert send_all(engine) == [sent]
    assert isinstance(claims.claim(connection, sent, lease_seconds=60), claims.Claim)


def test_a_video_that_was_given_back_and_never_came_again_is_sent_again(connection: Connection, sent: UUID) -> None:
    held = claims.claim(connection, sent, lease_seconds=60)
    assert isinstance(held, claims.Claim) and claims.release(connection, held, detail="the disk was full")
    pass_time(connection, OVERDUE + 1)
    assert swept(connection) == [StaleVideo(sent, given_up=False)]


def test_a_video_that_is_held_is_never_swept_however_long_it_takes(connection: Connection, sent: UUID) -> None:
    held = claims.claim(connection, sent, lease_seconds=60)
    assert isinstance(held, claims.Claim)
    pass_time(connection, 10 * OVERDUE)
    claims.renew(connection, held, lease_seconds=60, progress=1)
    assert swept(connection) == []


def test_a_video_in_the_outbox_is_not_swept(connection: Connection, world: World) -> None:
    world.uploaded(world.person())
    pass_time(connection, OVERDUE + 1)
    assert swept(connection) == []


@pytest.mark.parametrize("end", ["processed", "failed"])
def test_a_video_that_is_done_is_not_swept(connection: Connection, sent: UUID, end: str) -> None:
    held = claims.claim(connection, sent, lease_seconds=60)
    assert isinstance(held, claims.Claim)
    if end == "processed":
        claims.finish(connection, held, processed_key="p", poster_key="q", preview_key="r")
    else:
        claims.fail(connection, held, reason="damaged", detail="")
    pass_time(connection, OVERDUE + 61)
    assert swept(connection) == []


def test_a_long_queue_is_no_reason_to_send_again(connection: Connection, sent: UUID) -> None:
    pass_time(connection, 10 * OVERDUE)
    assert swept(connection, queue_is_empty=False) == []


def test_a_video_that_later_ones_have_overtaken_is_sent_again_however_long_the_queue(
    engine: Engine, connection: Connection, world: World, sent: UUID
) -> None:
    later = world.uploaded(world.person())
    pass_time(connection, 1)
    send_all(engine)
    claims.claim(connection, later, lease_seconds=10 * OVERDUE)
    pass_time(connection, OVERDUE + 1)
    assert swept(connection, queue_is_empty=False) == [StaleVideo(sent, given_up=False)]


def test_after_so_many_sweeps_a_video_is_given_up_and_its_owner_and_the_operator_learn_why(
    engine: Engine, connection: Connection, sent: UUID
) -> None:
    for _ in range(MAX_REQUEUES):
        pass_time(connection, OVERDUE + 1)
        assert swept(connection) == [StaleVideo(sent, given_up=False)]
        send_all(engine)
    assert swept(connection) == []
    pass_time(connection, OVERDUE + 1)
    assert swept(connection) == [StaleVideo(sent, given_up=True)]
    assert video(connection, sent) == ("failed", FailureReason.GIVEN_UP)
    detail = connection.execute(text("SELECT status, error_message FROM task_results")).one()
    assert tuple(detail) == ("failed", "given up: no worker finished it after it was sent again 3 times")
    assert swept(connection) == []
    assert claims.claim(connection, sent, lease_seconds=60) is claims.Refusal.DONE


def test_what_was_given_up_can_be_opened_again_and_has_all_its_tries(
    engine: Engine, connection: Connection, sent: UUID
) -> None:
    connection.execute(text("UPDATE task_results SET sweeps = :most"), {"most": MAX_REQUEUES})
    pass_time(connection, OVERDUE + 1)
    assert swept(connection) == [StaleVideo(sent, given_up=True)]
    assert reopen(connection, sent)
    assert not reopen(connection, sent)
    assert video(connection, sent) == ("uploaded", None)
    pass_time(connection, OVERDUE + 1)
    assert swept(connection) == [StaleVideo(sent, given_up=False)]


def test_what_failed_for_another_reason_is_not_opened_again(connection: Connection, sent: UUID) -> None:
    held = claims.claim(connection, sent, lease_seconds=60)
    assert isinstance(held, claims.Claim)
    claims.fail(connection, held, reason="damaged", detail="")
    assert not reopen(connection, sent)
    assert video(connection, sent) == ("failed", "damaged")


def test_of_many_sweepers_at_once_each_video_has_one(engine: Engine, connection: Connection, world: World) -> None:
    owner = world.person()
    videos = [world.uploaded(owner) for _ in range(20)]
    while send_all(engine):
        pass
    pass_time(connection, OVERDUE + 1)

    def work_off(_: int) -> list[UUID]:
        found: list[UUID] = []
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as own:
            while some := recover_stale_videos(own, stale_after_seconds=OVERDUE, queue_is_empty=True, most=2):
                found += [each.video_id for each in some]
        return found

    with ThreadPoolExecutor(4) as threads:
        found = [video_id for videos in threads.map(work_off, range(4)) for video_id in videos]
    assert sorted(found) == sorted(videos)
    assert connection.execute(text("SELECT DISTINCT sweeps FROM task_results")).scalars().all() == [1]


def test_a_claim_and_a_sweep_do_not_wait_for_each_other(engine: Engine, connection: Connection, sent: UUID) -> None:
    pass_time(connection, OVERDUE + 1)
    with engine.begin() as claiming:
        assert isinstance(claims.claim(claiming, sent, lease_seconds=60), claims.Claim)
        assert swept(connection) == []
    assert swept(connection) == []


def test_the_backlog_tells_of_a_swept_video_from_its_sweep_on(connection: Connection, sent: UUID) -> None:
    pass_time(connection, OVERDUE + 1)
    swept(connection)
    backlog = read_backlog(connection)
    assert (backlog.uploads, backlog.videos) == (1, 1)
    assert backlog.oldest_seconds < OVERDUE
