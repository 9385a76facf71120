"""Model-based test: votes, moderation and deletions in any order, compared with a model of sets."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, Engine, text

from services.contest import moderation
from services.contest.listing import gallery
from services.contest.moderation import ModerationAction
from services.contest.rankings import ranking
from services.contest.vote_counts import SLICES, audit_counts, read_audit_result, roll_up
from services.contest.votes import Retraction, VoteResult, cast_vote, retract_vote, voted_videos
from services.contest.voting_period import VotingPeriod, write_period
from services.videos import claims
from services.videos.records import Deletion, add_video, delete_video, find_video

NETWORKS = ("192.0.2.0/24", "198.51.100.0/24")
PEOPLE = 5
EXAMPLES = int(os.environ.get("ANB_MODEL_EXAMPLES", "30"))
"""Number of examples of up to 40 steps each; ``ANB_MODEL_EXAMPLES`` overrides it."""


@dataclass
class ModelVideo:
    """State of a video in the model."""

    owner: int
    is_public: bool
    processed: bool = False
    hidden: bool = False
    votes: dict[int, str] = field(default_factory=dict)
    quarantined: set[int] = field(default_factory=set)

    @property
    def open(self) -> bool:
        return self.processed and self.is_public and not self.hidden

    @property
    def count(self) -> int:
        return len(self.votes.keys() - self.quarantined)


class VotingMachine(RuleBasedStateMachine):
    """Executes each step on the database and on the model."""

    engine: Engine
    videos: Bundle[uuid.UUID] = Bundle("videos")

    @initialize()
    def start(self) -> None:
        self.connection: Connection = self.engine.execution_options(isolation_level="AUTOCOMMIT").connect()
        for table in ("moderation_log", "vote_deltas", "users", "deleted_videos"):
            self.connection.execute(text(f"DELETE FROM {table}"))
        write_period(self.connection, VotingPeriod())
        add = text(
            "INSERT INTO users (first_name, last_name, email, password_hash, city, country, is_moderator) "
            "SELECT 'Ana', 'Díaz', gen_random_uuid()::text, '', 'Cali', 'Colombia', number = 0 "
            "FROM generate_series(0, :people) AS number RETURNING id"
        )
        moderator, *self.people = self.connection.execute(add, {"people": PEOPLE}).scalars()
        self.action = ModerationAction(moderator_id=moderator, reason="because")
        self.model: dict[uuid.UUID, ModelVideo] = {}
        self.deleted: dict[uuid.UUID, int] = {}
        self.is_open = True

    def teardown(self) -> None:
        if hasattr(self, "connection"):
            self.connection.close()

    @rule(target=videos, owner=st.integers(0, PEOPLE - 1), is_public=st.booleans())
    def upload(self, owner: int, is_public: bool) -> uuid.UUID:
        video_id = uuid.uuid4()
        person = self.people[owner]
        add_video(
            self.connection,
            video_id=video_id,
            user_id=person,
            title="Triple doble",
            original_filename="play.mp4",
            original_url="uploads/x.mp4",
            is_public=is_public,
        )
        self.model[video_id] = ModelVideo(owner=person, is_public=is_public)
        return video_id

    @rule(video_id=videos)
    def process(self, video_id: uuid.UUID) -> None:
        held = claims.claim(self.connection, video_id, lease_seconds=60)
        known = self.model.get(video_id)
        if known is None:
            assert held is claims.Refusal.GONE
        elif known.processed:
            assert held is claims.Refusal.DONE
        else:
            assert isinstance(held, claims.Claim)
            assert claims.finish(self.connection, held, processed_key="p", poster_key="q", preview_key="r")
            known.processed = True

    @rule(video_id=videos, voter=st.integers(0, PEOPLE - 1), network=st.sampled_from(NETWORKS))
    def vote(self, video_id: uuid.UUID, voter: int, network: str) -> None:
        person, known = self.people[voter], self.model.get(video_id)
        result = cast_vote(self.connection, video_id, person, network=network)
        assert result is self._expected(video_id, known, person)
        if result is VoteResult.COUNTED and known:
            known.votes[person] = network

    def _expected(self, video_id: uuid.UUID, known: ModelVideo | None, person: int) -> VoteResult:
        if (known.owner if known else self.deleted[video_id]) == person:
            return VoteResult.OWN_VIDEO
        if known is None or not known.open:
            return VoteResult.NOT_AVAILABLE
        if not self.is_open:
            return VoteResult.CLOSED
        return VoteResult.ALREADY_VOTED if person in known.votes else VoteResult.COUNTED

    @rule(video_id=videos, voter=st.integers(0, PEOPLE - 1))
    def retract(self, video_id: uuid.UUID, voter: int) -> None:
        person, known = self.people[voter], self.model.get(video_id)
        result = retract_vote(self.connection, video_id, person)
        if not self.is_open:
            assert result is Retraction.CLOSED
        elif known is None or person not in known.votes:
            assert result is Retraction.NOT_VOTED
        else:
            assert result is Retraction.RETRACTED
            del known.votes[person]
            known.quarantined.discard(person)

    @rule(video_id=videos)
    def delete(self, video_id: uuid.UUID) -> None:
        known = self.model.get(video_id)
        owner = known.owner if known else self.deleted[video_id]
        with self.engine.begin() as connection:
            result = delete_video(connection, video_id, owner)
        if known is None:
            assert result is Deletion.UNKNOWN
        elif known.open:
            assert result is Deletion.PUBLISHED
        else:
            assert result is Deletion.DELETED
            self.deleted[video_id] = owner
            del self.model[video_id]

    @rule(video_id=videos, hidden=st.booleans())
    def moderate(self, video_id: uuid.UUID, hidden: bool) -> None:
        known = self.model.get(video_id)
        function = moderation.hide_video if hidden else moderation.show_video
        assert function(self.connection, self.action, video_id) is (known is not None and known.hidden is not hidden)
        if known:
            known.hidden = hidden

    @rule(video_id=videos, network=st.sampled_from(NETWORKS), quarantined=st.booleans())
    def quarantine(self, video_id: uuid.UUID, network: str, quarantined: bool) -> None:
        known = self.model.get(video_id)
        of_network = {person for person, cast in known.votes.items() if cast == network} if known else set()
        held = known.quarantined if known else set()
        moved = of_network - held if quarantined else of_network & held
        function = moderation.quarantine_votes if quarantined else moderation.restore_votes
        assert function(self.connection, self.action, video_id, network) == len(moved)
        if known:
            known.quarantined = known.quarantined | moved if quarantined else known.quarantined - moved

    @rule(is_open=st.booleans())
    def set_period(self, is_open: bool) -> None:
        now = self.connection.execute(text("SELECT now()")).scalar_one()
        write_period(self.connection, VotingPeriod() if is_open else VotingPeriod(closes_at=now))
        self.is_open = is_open

    @rule(most=st.integers(1, 5))
    def roll(self, most: int) -> None:
        roll_up(self.connection, most=most)

    @rule()
    def audit(self) -> None:
        for _ in range(SLICES):
            audit_counts(self.connection, seconds=0)
        assert read_audit_result(self.connection).differing == 0

    @invariant()
    def lists_match_the_model(self) -> None:
        if not hasattr(self, "model"):
            return
        for video_id, known in self.model.items():
            found = find_video(self.connection, video_id)
            assert found is not None and found.votes == known.count
        opened = {video_id: known.count for video_id, known in self.model.items() if known.open}
        assert {video.id: video.votes for video in gallery(self.connection, limit=100)} == opened
        ranked = {row.video.id: row.video.votes for row in ranking(self.connection, limit=100)}
        assert ranked == {video_id: count for video_id, count in opened.items() if count}
        for person in self.people:
            voted = {video_id for video_id, known in self.model.items() if person in known.votes}
            assert set(voted_videos(self.connection, person)) == voted


def test_votes_match_the_model(engine: Engine) -> None:
    machine: Any = type("BoundVotingMachine", (VotingMachine,), {"engine": engine})
    run_state_machine_as_test(machine, settings=settings(max_examples=EXAMPLES, stateful_step_count=40, deadline=None))
