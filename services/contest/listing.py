"""Pages of open videos in the order of the ranking or of the gallery, exact while votes wait to be rolled up.

An index holds the videos by their rolled-up counts (``votes_count``). Videos with waiting votes are in the wrong
position there, and they are few. A page is therefore sorted from two sets: the next videos of the index, as many as
the page needs plus one for each video with waiting votes, and the videos with waiting votes themselves. The cost
depends on the size of the page, not on the number of videos.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, TextClause, text

from services.videos.records import COLUMNS, WAITING, Video

WAITING_VOTES = f"""
    waiting AS MATERIALIZED (SELECT video_id, sum(delta) AS votes FROM vote_deltas WHERE {WAITING} GROUP BY video_id)
"""
"""SQL: the videos with waiting votes, and their number of waiting votes."""

OPEN_CITIES = """
    keys AS (
        (SELECT city_key AS key FROM videos WHERE is_open ORDER BY city_key LIMIT 1)
        UNION ALL
        SELECT (SELECT v.city_key FROM videos v WHERE v.is_open AND v.city_key > keys.key ORDER BY v.city_key LIMIT 1)
        FROM keys WHERE keys.key IS NOT NULL
    )
"""
"""SQL, recursive: the cities with open videos. Skips from city to city in the index (loose index scan)."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """Order of a list, as SQL of a row ``r`` with the columns ``votes_count``, ``uploaded_at`` and ``id``.

    Args:
        sort: Terms of ORDER BY.
        member: Condition that a row belongs to the list.
        after: Condition that a row comes after the cursor, which is ``:votes``, ``:uploaded_at`` and ``:id``.
    """

    sort: str
    member: str
    after: str


RANKING = Order(
    sort="-r.votes_count, r.uploaded_at, r.id",
    member="-r.votes_count < 0",
    after="(-r.votes_count, r.uploaded_at, r.id) > (-:votes, :uploaded_at, :id)",
)
"""Most votes first, then the earlier upload, then the smaller id. Only videos with votes."""

GALLERY = Order(
    sort="r.votes_count DESC, r.uploaded_at DESC, r.id DESC",
    member="true",
    after="(r.votes_count, r.uploaded_at, r.id) < (:votes, :uploaded_at, :id)",
)
"""Most votes first, then the later upload, then the larger id."""


@dataclass(frozen=True, kw_only=True)
class InCity:
    """City to limit a list to. Case and accents are ignored.

    Args:
        name: Name of the city, or a part of it.
        whole: Whether ``name`` is the whole name.
    """

    name: str
    whole: bool


@dataclass(frozen=True, kw_only=True)
class PageCursor:
    """Position in a list: the sort key of a video, after which the next page starts.

    Args:
        votes: Vote count of the video.
        uploaded_at: Upload time of the video.
        video_id: Id of the video.
    """

    votes: int
    uploaded_at: datetime
    video_id: UUID

    @classmethod
    def of(cls, video: Video) -> PageCursor:
        """Return the cursor of a video."""
        return cls(votes=video.votes, uploaded_at=video.uploaded_at, video_id=video.id)


@dataclass(frozen=True, kw_only=True)
class RankedRow:
    """Video in a list.

    Args:
        video: The video, with the vote count that it was sorted by.
        earlier: Its rank in the country at the start of the day. None if it had none.
        earlier_in_city: Its rank in its city at the start of the day. None if it had none.
    """

    video: Video
    earlier: int | None
    earlier_in_city: int | None


def gallery(
    connection: Connection,
    *,
    city: InCity | None = None,
    player: str | None = None,
    after: PageCursor | None = None,
    limit: int,
) -> list[Video]:
    """List a page of the gallery: most votes first, then the later upload.

    Args:
        city: City to limit the list to. Default: all cities.
        player: Beginnings of words of the player's name. Default: all players.
        after: Cursor of the last video of the page before. Default: the first page.
        limit: Maximum number of videos.
    """
    rows = list_open(connection, GALLERY, city=city, player=player, after=after, limit=limit)
    return [row.video for row in rows]


def list_open(
    connection: Connection,
    order: Order,
    *,
    city: InCity | None = None,
    player: str | None = None,
    after: PageCursor | None = None,
    offset: int = 0,
    limit: int,
) -> list[RankedRow]:
    """List a page of the open videos.

    Args:
        order: ``RANKING`` or ``GALLERY``.
        city: City to limit the list to. Default: all cities.
        player: Beginnings of words of the player's name. The cost grows with the number of players that match.
            Default: all players.
        after: Cursor of the last video of the page before. The cost does not depend on its depth. Default: the first
            page.
        offset: Number of videos to skip. The cost grows with it.
        limit: Maximum number of videos.
    """
    parameters: dict[str, Any] = {"offset": offset, "limit": limit}
    if city:
        parameters["city"] = city.name
    if player is not None:
        parameters["player"] = player
    if after:
        parameters |= {"votes": after.votes, "uploaded_at": after.uploaded_at, "id": after.video_id}
    statement = _statement(order, city.whole if city else None, player is not None, after is not None)
    rows = []
    for row in connection.execute(statement, parameters):
        values = dict(row._mapping)
        earlier, earlier_in_city = values.pop("earlier"), values.pop("earlier_in_city")
        rows.append(RankedRow(video=Video(**values), earlier=earlier, earlier_in_city=earlier_in_city))
    return rows


@functools.cache
def _statement(order: Order, whole_city: bool | None, player: bool, after: bool) -> TextClause:
    """Build the query of a list. Every row that is sorted has the alias ``r``, so ``order`` applies to each step."""
    member = f"{order.member} AND {order.after}" if after else order.member
    cities = {
        None: "(SELECT 1) AS city",
        True: "(SELECT city_key(:city) AS key) AS city",
        False: "(SELECT key FROM keys WHERE position(city_key(:city) IN key) > 0) AS city",
    }[whole_city]
    matches = "true" if whole_city is None else "r.city_key = city.key"
    players = ""
    if player:
        players = """players AS MATERIALIZED (
            SELECT id FROM users WHERE player_words(first_name || ' ' || last_name) @@ player_query(:player)
        ),"""
        # An array makes the planner look up the videos of these few players instead of filtering all videos.
        matches += " AND r.user_id = ANY (ARRAY(SELECT id FROM players))"
    return text(
        f"""
        WITH RECURSIVE {OPEN_CITIES}, {WAITING_VOTES}, {players} indexed AS (
            SELECT nearest.* FROM {cities} CROSS JOIN LATERAL (
                SELECT r.id, r.votes_count, r.uploaded_at FROM videos r WHERE r.is_open AND {member} AND {matches}
                ORDER BY {order.sort}
                LIMIT CAST(:offset AS bigint) + CAST(:limit AS bigint) + (SELECT count(*) FROM waiting)
            ) AS nearest
        ), candidates AS (
            SELECT id, votes_count, uploaded_at FROM indexed
            WHERE NOT EXISTS (SELECT FROM waiting WHERE video_id = indexed.id)
            UNION ALL
            SELECT r.id, r.votes_count + waiting.votes, r.uploaded_at
            FROM waiting JOIN videos r ON r.id = video_id CROSS JOIN {cities} WHERE r.is_open AND {matches}
        ), page AS (
            SELECT r.* FROM candidates r WHERE {member} ORDER BY {order.sort} OFFSET :offset LIMIT :limit
        )
        SELECT {COLUMNS}, s.position AS earlier, s.city_position AS earlier_in_city
        FROM page r JOIN videos v ON v.id = r.id JOIN users u ON u.id = v.user_id
        LEFT JOIN standings s ON s.video_id = v.id AND s.taken_on = (SELECT max(taken_on) FROM standings)
        ORDER BY {order.sort}
        """
    )
