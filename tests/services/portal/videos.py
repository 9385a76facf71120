"""Videos in any state, made as the portal and the workers make them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Engine, text

from services.core.storage import original_key, poster_key, processed_key
from services.core.videos import add_video
from services.core.votes import VoteResult, cast_vote
from services.core.work import Claim, claim, fail, finish

from .people import Person


class Videos:
    """Makes videos.

    Args:
        engine: of the database they are in.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def uploaded(self, owner: Person, *, title: str = "Triple doble", is_public: bool = False) -> UUID:
        """A video that waits to be processed."""
        video_id = uuid.uuid4()
        with self._engine.begin() as connection:
            add_video(
                connection,
                video_id=video_id,
                user_id=owner.id,
                title=title,
                original_filename="play.mp4",
                original_url=original_key(video_id),
                is_public=is_public,
            )
        return video_id

    def processing(self, owner: Person, *, is_public: bool = False) -> UUID:
        """A video that a worker holds."""
        video_id = self.uploaded(owner, is_public=is_public)
        self._claim(video_id)
        return video_id

    def failed(self, owner: Person, *, is_public: bool = False) -> UUID:
        """A video that was given up."""
        video_id = self.uploaded(owner, is_public=is_public)
        held = self._claim(video_id)
        with self._engine.begin() as connection:
            assert fail(connection, held, reason="not_a_video", detail="no video stream")
        return video_id

    def processed(self, owner: Person, *, is_public: bool, title: str = "Triple doble", day: int | None = None) -> UUID:
        """A video that was processed.

        Args:
            day: of January 2026, on which it was uploaded; by default now.
        """
        video_id = self.uploaded(owner, title=title, is_public=is_public)
        held = self._claim(video_id)
        with self._engine.begin() as connection:
            assert finish(
                connection,
                held,
                processed_key=processed_key(video_id, held.attempt),
                poster_key=poster_key(video_id, held.attempt),
            )
            if day is not None:
                connection.execute(
                    text("UPDATE videos SET uploaded_at = :moment WHERE id = :id"),
                    {"moment": datetime(2026, 1, day, tzinfo=UTC), "id": video_id},
                )
        return video_id

    def published(self, owner: Person, *, title: str = "Triple doble", day: int | None = None) -> UUID:
        """A video open for voting."""
        return self.processed(owner, is_public=True, title=title, day=day)

    def vote(self, video_id: UUID, *voters: Person) -> None:
        """Let people vote for a video."""
        with self._engine.begin() as connection:
            for voter in voters:
                assert cast_vote(connection, video_id, voter.id) is VoteResult.COUNTED

    def _claim(self, video_id: UUID) -> Claim:
        with self._engine.begin() as connection:
            held = claim(connection, video_id, lease_seconds=60)
        assert isinstance(held, Claim)
        return held


def cut_connections(engine: Engine) -> None:
    """End every other connection to the database, as its restart would."""
    with engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database() AND backend_type = 'client backend'"
            )
        )
