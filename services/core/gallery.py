"""The gallery: the open videos, those with the most votes first."""

from __future__ import annotations

from sqlalchemy import Connection

from services.core.listing import GALLERY, InCity, Place, list_open
from services.core.videos import Video


def gallery(
    connection: Connection, *, city: InCity | None = None, after: Place | None = None, limit: int
) -> list[Video]:
    """A page of the gallery: most votes first, then the later upload.

    Args:
        city: only its videos; None for all.
        after: begin after this place; None for the beginning.
        limit: videos at the most.
    """
    return [listed.video for listed in list_open(connection, GALLERY, city=city, after=after, limit=limit)]
