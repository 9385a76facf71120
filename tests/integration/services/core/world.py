"""What makes people and videos in the core's tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class World:
    """Makes people and videos; people are known by their ids."""

    person: Callable[..., int]
    uploaded: Callable[..., UUID]
    published: Callable[[int], UUID]
