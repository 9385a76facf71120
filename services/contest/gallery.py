"""The gallery: the open videos, those with the most votes first."""

from __future__ import annotations

from sqlalchemy import Connection

from services.contest.listing import GALLERY, InCity, PageCursor, list_open
from services.videos.records import Video


def gallery(
    connection: Connection,
    *,
    city: InCity | None = None,
    player: str | None = None,
    after: PageCursor | None = None,
    limit: int,
) -> list[Video]:
    """A page of the gallery: most votes first, then the later upload.

    Args:
        city: only its videos; None for all.
        player: only those of players whose names have words that begin so; None for all.
        after: begin after this place; None for the beginning.
        limit: videos at the most.
    """
    found = list_open(connection, GALLERY, city=city, player=player, after=after, limit=limit)
    return [listed.video for listed in found]
