"""Videos in any state, created as the portal and the workers create them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Engine, text

from services.contest.votes import VoteResult, cast_vote
from services.shared.storage import original_key, poster_key, preview_key, processed_key
from services.videos.claims import Claim, claim, fail, finish
from services.videos.receipts import (
    FileDigest,
    ProcessingTime,
    Receipt,
    ReceiptOutputs,
    SourceProperties,
    store_receipt,
)
from services.videos.records import add_video

from .people import PortalUser

SOURCE_PROPERTIES = SourceProperties(
    container="qt",
    streams=3,
    sound=True,
    codec="hevc",
    width=1920,
    height=1080,
    rotation=-90,
    pixel_shape="1",
    pixel_format="yuv420p",
    frame_rate="30000/1001",
    seconds=42.4,
)
PROCESSED_RECEIPT = Receipt(
    release="1.2.3",
    ffmpeg="ffmpeg version 9.0.2",
    job=ProcessingTime(9.25, 14.5),
    original=FileDigest(48_211_937, "a" * 64),
    found=SOURCE_PROPERTIES,
    command=("ffmpeg", "-i", "in.mp4", "out.mp4"),
    made=ReceiptOutputs(width=1280, height=720, frame_rate="30000/1001", kept_seconds=30),
    files={"video": FileDigest(4_621_337, "b" * 64), "poster": FileDigest(61_337, "c" * 64)},
    encoder=ProcessingTime(8.5, 14.0),
)
FAILED_RECEIPT = Receipt(
    release="1.2.3", ffmpeg="ffmpeg version 9.0.2", job=ProcessingTime(0.1, 0.1), original=FileDigest(31, "d" * 64)
)


class Videos:
    """Factory of videos.

    Args:
        engine: Engine of the database that stores them.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def uploaded(self, owner: PortalUser, *, title: str = "Triple doble", is_public: bool = False) -> UUID:
        """Create a video that waits for processing."""
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

    def processing(self, owner: PortalUser, *, is_public: bool = False) -> UUID:
        """Create a video that a worker has claimed."""
        video_id = self.uploaded(owner, is_public=is_public)
        self._claim(video_id)
        return video_id

    def failed(self, owner: PortalUser, *, is_public: bool = False) -> UUID:
        """Create a video whose processing failed."""
        video_id = self.uploaded(owner, is_public=is_public)
        claimed = self._claim(video_id)
        with self._engine.begin() as connection:
            assert fail(connection, claimed, reason="not_a_video", detail="no video stream")
            store_receipt(connection, video_id, FAILED_RECEIPT)
        return video_id

    def processed(
        self, owner: PortalUser, *, is_public: bool, title: str = "Triple doble", day: int | None = None
    ) -> UUID:
        """Create a processed video.

        Args:
            day: Day of January 2026 of its upload; by default the upload time is now.
        """
        video_id = self.uploaded(owner, title=title, is_public=is_public)
        claimed = self._claim(video_id)
        with self._engine.begin() as connection:
            assert finish(
                connection,
                claimed,
                processed_key=processed_key(video_id, claimed.attempt),
                poster_key=poster_key(video_id, claimed.attempt),
                preview_key=preview_key(video_id, claimed.attempt),
            )
            store_receipt(connection, video_id, PROCESSED_RECEIPT)
            if day is not None:
                connection.execute(
                    text("UPDATE videos SET uploaded_at = :moment WHERE id = :id"),
                    {"moment": datetime(2026, 1, day, tzinfo=UTC), "id": video_id},
                )
        return video_id

    def published(self, owner: PortalUser, *, title: str = "Triple doble", day: int | None = None) -> UUID:
        """Create a video that is open for voting."""
        return self.processed(owner, is_public=True, title=title, day=day)

    def vote(self, video_id: UUID, *voters: PortalUser) -> None:
        """Cast one vote per user for a video."""
        with self._engine.begin() as connection:
            for voter in voters:
                assert cast_vote(connection, video_id, voter.id) is VoteResult.COUNTED

    def _claim(self, video_id: UUID) -> Claim:
        with self._engine.begin() as connection:
            claimed = claim(connection, video_id, lease_seconds=60)
        assert isinstance(claimed, Claim)
        return claimed


def cut_connections(engine: Engine) -> None:
    """Terminate all other connections to the database, as a restart would; wait until they are closed."""
    with engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database() AND backend_type = 'client backend'"
            )
        )
