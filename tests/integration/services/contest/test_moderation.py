"""Moderation: actions take effect at once, can be reverted and are logged."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import Connection, text

from services.contest import moderation
from services.contest.listing import gallery
from services.contest.moderation import ModerationAction
from services.contest.vote_counts import audit_counts, read_audit_result, roll_up
from services.contest.votes import Retraction, VoteResult, cast_vote, retract_vote
from services.videos.records import find_video
from tests.integration.services.world import World

NETWORK = "192.0.2.0/24"


@pytest.fixture
def action(connection: Connection, world: World) -> ModerationAction:
    moderator = world.add_person()
    connection.execute(text("UPDATE users SET is_moderator = true WHERE id = :id"), {"id": moderator})
    return ModerationAction(moderator_id=moderator, reason="bought votes")


def log(connection: Connection) -> list[tuple[str, int | None]]:
    return [(entry.action, entry.votes) for entry in moderation.read_log(connection)]


def votes_of(connection: Connection, video_id: object) -> int:
    found = find_video(connection, video_id)  # type: ignore[arg-type]
    assert found is not None
    return found.votes


def test_hidden_video_is_unlisted_and_takes_no_votes(
    connection: Connection, world: World, action: ModerationAction
) -> None:
    video_id = world.publish_video(world.add_person())
    cast_vote(connection, video_id, world.add_person())
    assert moderation.hide_video(connection, action, video_id)
    assert not moderation.hide_video(connection, action, video_id)
    assert gallery(connection, limit=5) == []
    assert cast_vote(connection, video_id, world.add_person()) is VoteResult.NOT_AVAILABLE
    assert moderation.show_video(connection, action, video_id)
    assert not moderation.show_video(connection, action, video_id)
    assert [video.votes for video in gallery(connection, limit=5)] == [1]
    assert log(connection) == [("show video", None), ("hide video", None)]


def test_quarantined_votes_do_not_count_until_restored(
    connection: Connection, world: World, action: ModerationAction
) -> None:
    video_id, honest, bribed = (
        world.publish_video(world.add_person()),
        world.add_person(),
        world.add_person(),
    )
    cast_vote(connection, video_id, honest, network="198.51.100.0/24")
    for voter in (bribed, world.add_person()):
        cast_vote(connection, video_id, voter, network=NETWORK)
    roll_up(connection)
    assert moderation.quarantine_votes(connection, action, video_id, NETWORK) == 2
    assert moderation.quarantine_votes(connection, action, video_id, NETWORK) == 0
    assert votes_of(connection, video_id) == 1
    assert cast_vote(connection, video_id, bribed) is VoteResult.ALREADY_VOTED
    roll_up(connection)
    assert retract_vote(connection, video_id, bribed) is Retraction.RETRACTED
    assert votes_of(connection, video_id) == 1
    assert moderation.restore_votes(connection, action, video_id, NETWORK) == 1
    assert votes_of(connection, video_id) == 2
    assert log(connection) == [("give votes back", 1), ("set votes aside", 2)]
    while audit_counts(connection, seconds=3600):
        pass
    assert read_audit_result(connection).exact


def test_votes_without_network_can_be_quarantined(
    connection: Connection, world: World, action: ModerationAction
) -> None:
    video_id = world.publish_video(world.add_person())
    cast_vote(connection, video_id, world.add_person())
    cast_vote(connection, video_id, world.add_person(), network=NETWORK)
    assert moderation.quarantine_votes(connection, action, video_id, None) == 1
    assert votes_of(connection, video_id) == 1


def test_moderator_accounts_cannot_be_disabled(connection: Connection, world: World, action: ModerationAction) -> None:
    person = world.add_person()
    assert moderation.close_account(connection, action, person)
    assert not moderation.close_account(connection, action, person)
    assert not moderation.close_account(connection, action, action.moderator_id)
    assert moderation.open_account(connection, action, person)
    assert not moderation.open_account(connection, action, person)
    assert log(connection) == [("open account", None), ("close account", None)]


def test_actions_on_missing_targets_are_not_logged(connection: Connection, action: ModerationAction) -> None:
    assert not moderation.hide_video(connection, action, uuid4())
    assert not moderation.close_account(connection, action, 10**6)
    assert moderation.quarantine_votes(connection, action, uuid4(), NETWORK) == 0
    assert log(connection) == []


def test_action_that_cannot_be_logged_is_rolled_back(
    connection: Connection, world: World, action: ModerationAction
) -> None:
    video_id = world.publish_video(world.add_person())
    unknown = ModerationAction(moderator_id=10**6, reason="unknown moderator")
    with pytest.raises(Exception, match="moderation_log_moderator_id_fkey"):
        moderation.hide_video(connection, unknown, video_id)
    assert len(gallery(connection, limit=5)) == 1


def test_bursts_of_young_accounts_come_first(connection: Connection, world: World) -> None:
    video_id, other = (
        world.publish_video(world.add_person()),
        world.publish_video(world.add_person()),
    )
    old = [world.add_person() for _ in range(3)]
    connection.execute(text("UPDATE users SET created_at = now() - interval '1 day'"))
    for voter in old:
        cast_vote(connection, other, voter, network="198.51.100.0/24")
    for voter in [world.add_person() for _ in range(2)]:
        cast_vote(connection, video_id, voter, network=NETWORK)
    cast_vote(connection, video_id, old[0], network="203.0.113.0/24")
    found = moderation.find_vote_bursts(connection, least=2)
    assert [(burst.video_id, burst.network, burst.votes, burst.young) for burst in found] == [
        (video_id, NETWORK, 2, 2),
        (other, "198.51.100.0/24", 3, 0),
    ]
    assert [burst.video_id for burst in moderation.find_vote_bursts(connection, video_id=other, least=2)] == [other]


def test_moderators_are_enabled_accounts_with_the_right(connection: Connection, world: World) -> None:
    person = world.add_person()
    assert not moderation.is_moderator(connection, person)
    email = connection.execute(text("SELECT upper(email) FROM users WHERE id = :id"), {"id": person}).scalar_one()
    assert moderation.set_moderator(connection, email, moderator=True)
    assert moderation.is_moderator(connection, person)
    connection.execute(text("UPDATE users SET disabled_at = now()"))
    assert not moderation.is_moderator(connection, person)
    assert not moderation.set_moderator(connection, "unknown@example.com", moderator=True)
