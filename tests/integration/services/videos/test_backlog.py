"""The videos by state, as operators see them."""

from __future__ import annotations

from sqlalchemy import Connection, text

from services.videos import claims
from services.videos.backlog import videos_by_state
from tests.integration.services.world import World


def test_videos_are_counted_by_state(connection: Connection, world: World) -> None:
    owner = world.add_person()
    world.publish_video(owner)
    world.add_video(owner)
    waiting, held, again, failed, given_up = (world.add_video(owner) for _ in range(5))
    sent = "UPDATE task_results SET sent_at = now() WHERE video_id = :id"
    connection.execute(text(sent), {"id": waiting})
    claims.claim(connection, held, lease_seconds=60)
    for video_id in (again, failed, given_up):
        claim = claims.claim(connection, video_id, lease_seconds=60)
        assert isinstance(claim, claims.Claim)
        if video_id == again:
            claims.release(connection, claim, detail="the disk was full")
        else:
            claims.fail(connection, claim, reason="given_up" if video_id == given_up else "damaged", detail="")
    connection.execute(text("UPDATE videos SET uploaded_at = now() - interval '1 hour' WHERE id = :id"), {"id": held})
    states = videos_by_state(connection)
    assert [(state.state, state.videos) for state in states] == [
        ("in the outbox", 1),
        ("waiting", 1),
        ("worked on", 1),
        ("waiting for another try", 1),
        ("processed", 1),
        ("failed", 1),
        ("given up", 1),
    ]
    assert 3600 <= states[2].oldest_seconds < 3700 and states[1].oldest_seconds < 100


def test_states_without_videos_are_zero(connection: Connection) -> None:
    assert {(state.videos, state.oldest_seconds) for state in videos_by_state(connection)} == {(0, 0.0)}
