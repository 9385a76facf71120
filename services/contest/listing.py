"""Pages of open videos, in the order of the ranking or of the gallery, exact while votes are still being rolled up.

An index holds the videos by their rolled counts. The few with votes that wait stand in the wrong place there, so a
page is made of as many videos from the index as it needs and as many more as there are such videos, of these
themselves, and sorted again. What it costs depends on the page alone, not on how many videos there are.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, TextClause, text

from services.videos.records import COLUMNS, WAITING, Video

MOVING = f"""
    moving AS MATERIALIZED (SELECT video_id, sum(delta) AS votes FROM vote_deltas WHERE {WAITING} GROUP BY video_id)
"""
"""SQL: the videos with votes that wait, and how many."""

CITIES = """
    keys AS (
        (SELECT city_key AS key FROM videos WHERE is_open ORDER BY city_key LIMIT 1)
        UNION ALL
        SELECT (SELECT v.city_key FROM videos v WHERE v.is_open AND v.city_key > keys.key ORDER BY v.city_key LIMIT 1)
        FROM keys WHERE keys.key IS NOT NULL
    )
"""
"""SQL, recursive: the cities with open videos; it jumps from one to the next in the index."""


PLAYERS = """
    players AS MATERIALIZED (
        SELECT id FROM users WHERE player_words(first_name || ' ' || last_name) @@ player_query(:player)
    )
"""
"""SQL: the people whose names have words that begin with those of ``:player``."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """The order of a list.

    Args:
        key: SQL of what is sorted by, of the columns ``votes``, ``uploaded_at`` and ``id``.
        sort: SQL after ORDER BY.
        after: how the key of a later video compares with an earlier one's.
        only: SQL of what belongs to the list.
    """

    key: str
    sort: str
    after: str
    only: str


RANKING = Order(
    key="-{votes}, {uploaded_at}, {id}",
    sort="-{votes}, {uploaded_at}, {id}",
    after=">",
    only="-{votes} < 0",
)
"""The most votes first, then the earlier upload, then the smaller id; only videos with votes."""

GALLERY = Order(
    key="{votes}, {uploaded_at}, {id}",
    sort="{votes} DESC, {uploaded_at} DESC, {id} DESC",
    after="<",
    only="true",
)
"""The most votes first, then the later upload, then the larger id."""


@dataclass(frozen=True, kw_only=True)
class InCity:
    """A city that a list is limited to, however it is spelled.

    Args:
        name: of the city, or a part of it.
        whole: whether it is the whole name.
    """

    name: str
    whole: bool


@dataclass(frozen=True, kw_only=True)
class PageCursor:
    """A place in a list, to go on after it.

    Args:
        votes: of the video there.
        uploaded_at: of the video there.
        video_id: of the video there.
    """

    votes: int
    uploaded_at: datetime
    video_id: UUID

    @classmethod
    def of(cls, video: Video) -> PageCursor:
        """The place of a video."""
        return cls(votes=video.votes, uploaded_at=video.uploaded_at, video_id=video.id)


@dataclass(frozen=True, kw_only=True)
class RankedRow:
    """A video in a list.

    Args:
        video: with the tally that decided its place.
        earlier: its position at the beginning of the day, in the country; None where it had none.
        earlier_in_city: the same in its city.
    """

    video: Video
    earlier: int | None
    earlier_in_city: int | None


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
    """A page of the open videos.

    Args:
        city: only its videos; None for all.
        player: only those of players whose names have words that begin so; None for all. The price grows with how
            many players are called so.
        after: begin after this place; the price is the same however deep it is.
        offset: begin so many videos later; each costs a little.
        limit: videos at the most.
    """
    parameters: dict[str, Any] = {"offset": offset, "limit": limit}
    if city:
        parameters["city"] = city.name
    if player is not None:
        parameters["player"] = player
    if after:
        parameters |= {"votes": after.votes, "uploaded_at": after.uploaded_at, "id": after.video_id}
    statement = _statement(order, city.whole if city else None, player is not None, after is not None)
    listed = []
    for row in connection.execute(statement, parameters):
        values = dict(row._mapping)
        earlier, in_city = values.pop("earlier"), values.pop("earlier_in_city")
        listed.append(RankedRow(video=Video(**values), earlier=earlier, earlier_in_city=in_city))
    return listed


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
        after: Cursor of the last video of the previous page. Default: start at the first video.
        limit: Maximum number of videos.
    """
    rows = list_open(connection, GALLERY, city=city, player=player, after=after, limit=limit)
    return [row.video for row in rows]


@functools.cache
def _statement(order: Order, whole_city: bool | None, player: bool, after: bool) -> TextClause:
    rolled = {"votes": "v.votes_count", "uploaded_at": "v.uploaded_at", "id": "v.id"}
    real = {"votes": "votes", "uploaded_at": "uploaded_at", "id": "id"}
    cursor = order.key.format(votes=":votes", uploaded_at=":uploaded_at", id=":id")
    in_index = f"v.is_open AND {order.only.format(**rolled)}"
    wanted = order.only.format(**real)
    if after:
        in_index += f" AND ({order.key.format(**rolled)}) {order.after} ({cursor})"
        wanted += f" AND ({order.key.format(**real)}) {order.after} ({cursor})"
    cities = {
        None: "(SELECT 1) AS city",
        True: "(SELECT city_key(:city) AS key) AS city",
        False: "(SELECT key FROM keys WHERE position(city_key(:city) IN key) > 0) AS city",
    }[whole_city]
    belongs = "true" if whole_city is None else "v.city_key = city.key"
    if player:
        # As an array, so that the few videos of these players are looked up, and not all videos held against them.
        belongs += " AND v.user_id = ANY (ARRAY(SELECT id FROM players))"
    parts = ", ".join((CITIES, MOVING, PLAYERS) if player else (CITIES, MOVING))
    return text(
        f"""
        WITH RECURSIVE {parts}, still AS (
            SELECT v.* FROM {cities} CROSS JOIN LATERAL (
                SELECT v.id, v.votes_count AS votes, v.uploaded_at FROM videos v WHERE {in_index} AND {belongs}
                ORDER BY {order.sort.format(**rolled)}
                LIMIT CAST(:offset AS bigint) + CAST(:limit AS bigint) + (SELECT count(*) FROM moving)
            ) AS v
        ), candidates AS (
            SELECT id, votes, uploaded_at FROM still WHERE NOT EXISTS (SELECT FROM moving WHERE video_id = still.id)
            UNION ALL
            SELECT v.id, v.votes_count + moving.votes, v.uploaded_at FROM moving JOIN videos v ON v.id = video_id
            CROSS JOIN {cities} WHERE v.is_open AND {belongs}
        ), page AS (
            SELECT * FROM candidates WHERE {wanted}
            ORDER BY {order.sort.format(**real)} OFFSET :offset LIMIT :limit
        )
        SELECT {COLUMNS}, s.position AS earlier, s.city_position AS earlier_in_city
        FROM page JOIN videos v ON v.id = page.id JOIN users u ON u.id = v.user_id
        LEFT JOIN standings s ON s.video_id = v.id AND s.taken_on = (SELECT max(taken_on) FROM standings)
        ORDER BY {order.sort.format(votes="page.votes", uploaded_at="page.uploaded_at", id="page.id")}
        """
    )
