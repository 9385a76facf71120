"""What the core's tests share: people and videos, made without the portal."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine

from services.core import work
from services.core.users import add_user
from services.core.videos import add_video

from .world import World


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """A connection on which each statement stands for itself."""
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as opened:
        yield opened


@pytest.fixture
def world(connection: Connection) -> World:
    """Makes people and videos."""
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
        held = work.claim(connection, video_id, lease_seconds=60)
        assert isinstance(held, work.Claim)
        assert work.finish(connection, held, processed_key="p", poster_key="q", preview_key="r")
        return video_id

    return World(person=person, uploaded=uploaded, published=published)
