"""The tally is counted again by itself, and a difference does not go unseen."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, text

from services.contest.vote_counts import SLICES, SliceAudit, audit_counts, read_audit_result, roll_up
from services.contest.votes import cast_vote
from tests.integration.services.world import World


def check_all(connection: Connection) -> list[SliceAudit]:
    checks = []
    while (check := audit_counts(connection, seconds=3600)) is not None:
        checks.append(check)
    return checks


def test_before_the_first_count_nothing_is_claimed(connection: Connection) -> None:
    found = read_audit_result(connection)
    assert (found.complete, found.exact, found.since) == (False, False, None)


def test_every_slice_has_its_turn_and_all_votes_are_counted(connection: Connection, world: World) -> None:
    videos = [world.published(world.person()) for _ in range(40)]
    for voter in [world.person() for _ in range(3)]:
        for video_id in videos:
            cast_vote(connection, video_id, voter)
    roll_up(connection, most=70)
    checks = check_all(connection)
    assert sorted(check.slice for check in checks) == list(range(SLICES))
    found = read_audit_result(connection)
    assert (found.complete, found.exact, found.videos, found.votes, found.shown_votes) == (True, True, 40, 120, 120)
    assert found.since is not None


def test_a_vote_that_was_counted_wrong_is_found(connection: Connection, world: World) -> None:
    right, wrong = world.published(world.person()), world.published(world.person())
    for video_id in (right, wrong):
        cast_vote(connection, video_id, world.person())
    connection.execute(text("UPDATE videos SET votes_count = votes_count + 1 WHERE id = :id"), {"id": wrong})
    differing = [check for check in check_all(connection) if check.differing]
    assert [check.examples for check in differing] == [(str(wrong),)]
    found = read_audit_result(connection)
    assert (found.exact, found.differing, found.votes, found.shown_votes) == (False, 1, 2, 3)


def test_a_slice_is_left_alone_until_its_time(connection: Connection) -> None:
    assert len(check_all(connection)) == SLICES
    assert audit_counts(connection, seconds=3600) is None


def test_two_processes_count_different_slices(engine: Engine, connection: Connection) -> None:
    with engine.begin() as first:
        one = audit_counts(first, seconds=3600)
        other = audit_counts(connection, seconds=3600)
    assert one is not None and other is not None and one.slice != other.slice
