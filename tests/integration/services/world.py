"""People and videos for the tests of the services' core, created without the portal."""

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
    """Creates people and videos; returns their ids."""

    add_person: Callable[..., int]
    add_video: Callable[..., UUID]
    publish_video: Callable[[int], UUID]


def make_world(connection: Connection) -> World:
    """Create a ``World`` on a connection in AUTOCOMMIT."""
    numbers = itertools.count(1)

    def add_person(city: str = "Bogotá", first_name: str = "Ana", last_name: str = "Díaz") -> int:
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

    def add_uploaded_video(owner: int, is_public: bool = True) -> uuid.UUID:
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

    def publish_video(owner: int) -> uuid.UUID:
        video_id = add_uploaded_video(owner)
        held = claims.claim(connection, video_id, lease_seconds=60)
        assert isinstance(held, claims.Claim)
        assert claims.finish(connection, held, processed_key="p", poster_key="q", preview_key="r")
        return video_id

    return World(add_person=add_person, add_video=add_uploaded_video, publish_video=publish_video)
