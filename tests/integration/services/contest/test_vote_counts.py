"""Audits of the vote counts, and the vacuum after a burst of votes."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, text

from services.contest.vote_counts import (
    SLICES,
    SliceAudit,
    audit_counts,
    read_audit_result,
    roll_up,
    vacuum_vote_tables,
)
from services.contest.votes import cast_vote
from tests.integration.services.world import World

BURST = 20_000


def audit_all(connection: Connection) -> list[SliceAudit]:
    checks = []
    while (check := audit_counts(connection, seconds=3600)) is not None:
        checks.append(check)
    return checks


def test_no_result_before_the_first_audit(connection: Connection) -> None:
    result = read_audit_result(connection)
    assert (result.complete, result.exact, result.since) == (False, False, None)


def test_audit_covers_all_slices_and_votes(connection: Connection, world: World) -> None:
    videos = [world.publish_video(world.add_person()) for _ in range(40)]
    for voter in [world.add_person() for _ in range(3)]:
        for video_id in videos:
            cast_vote(connection, video_id, voter)
    roll_up(connection, most=70)
    checks = audit_all(connection)
    assert sorted(check.slice for check in checks) == list(range(SLICES))
    result = read_audit_result(connection)
    assert (result.complete, result.exact, result.videos, result.votes, result.shown_votes) == (
        True,
        True,
        40,
        120,
        120,
    )
    assert result.since is not None


def test_wrong_count_is_found(connection: Connection, world: World) -> None:
    right, wrong = (
        world.publish_video(world.add_person()),
        world.publish_video(world.add_person()),
    )
    for video_id in (right, wrong):
        cast_vote(connection, video_id, world.add_person())
    connection.execute(text("UPDATE videos SET votes_count = votes_count + 1 WHERE id = :id"), {"id": wrong})
    differing = [check for check in audit_all(connection) if check.differing]
    assert [check.examples for check in differing] == [(str(wrong),)]
    result = read_audit_result(connection)
    assert (result.exact, result.differing, result.votes, result.shown_votes) == (False, 1, 2, 3)


def test_slice_is_not_audited_again_too_early(connection: Connection) -> None:
    assert len(audit_all(connection)) == SLICES
    assert audit_counts(connection, seconds=3600) is None


def test_two_processes_audit_different_slices(engine: Engine, connection: Connection) -> None:
    with engine.begin() as first:
        one = audit_counts(first, seconds=3600)
        other = audit_counts(connection, seconds=3600)
    assert one is not None and other is not None and one.slice != other.slice


def table_size(connection: Connection) -> int:
    return int(connection.execute(text("SELECT pg_relation_size('vote_deltas')")).scalar_one())


def test_vacuum_shrinks_the_table_of_waiting_votes(engine: Engine, world: World) -> None:
    video = world.publish_video(world.add_person())
    with engine.connect() as connection:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(
            text("INSERT INTO vote_deltas (video_id, delta) SELECT :video, 1 FROM generate_series(1, :burst)"),
            {"video": video, "burst": BURST},
        )
        full = table_size(connection)
        while roll_up(connection):
            pass
        assert table_size(connection) == full
        assert vacuum_vote_tables(connection) == ["vote_deltas"]
        assert table_size(connection) < full / 10
        assert vacuum_vote_tables(connection) == []


def test_vacuum_skips_a_table_locked_by_another_process(engine: Engine, world: World) -> None:
    video = world.publish_video(world.add_person())
    with engine.connect() as connection, engine.connect() as other:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(
            text("INSERT INTO vote_deltas (video_id, delta) SELECT :video, 1 FROM generate_series(1, :burst)"),
            {"video": video, "burst": BURST},
        )
        while roll_up(connection):
            pass
        full = table_size(connection)
        other.execute(text("LOCK TABLE vote_deltas IN SHARE UPDATE EXCLUSIVE MODE"))
        vacuum_vote_tables(connection)
        assert table_size(connection) == full
