"""What makes people and videos in the core's tests."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection

from services.contest.users import add_user
from services.videos import claims
from services.videos.records import add_video


@dataclass(frozen=True)
class World:
    """Makes people and videos; people are known by their ids."""

    person: Callable[..., int]
    uploaded: Callable[..., UUID]
    published: Callable[[int], UUID]


def make_world(connection: Connection) -> World:
    """What makes people and videos by a connection in AUTOCOMMIT."""
    numbers = itertools.count(1)

    def person(city: str = "Bogotá", first_name: str = "Ana", last_name: str = "Díaz") -> int:
        user_id = add_user(
            connection,
            first_name=first_name,
            last_name=last_name,
            email=f"person{next(numbers)}@example.com",
            password_hash="none",
            city=city,
            country="Colombia",
        )
        assert user_id is not None
        return user_id

    def uploaded(owner: int, is_public: bool = True) -> uuid.UUID:
        video_id = uuid.uuid4()
        assert add_video(
            connection,
            video_id=video_id,
            user_id=owner,
            title="Triple doble",
            original_filename="play.mp4",
            original_url=f"uploads/{video_id}.mp4",
            is_public=is_public,
        )
        return video_id

    def published(owner: int) -> uuid.UUID:
        video_id = uploaded(owner)
        held = claims.claim(connection, video_id, lease_seconds=60)
        assert isinstance(held, claims.Claim)
        assert claims.finish(connection, held, processed_key="p", poster_key="q", preview_key="r")
        return video_id

    return World(person=person, uploaded=uploaded, published=published)
