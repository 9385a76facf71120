"""The ranking of the country and of each city, the ranks of a player's videos, and how they changed since yesterday."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text

from services.contest.listing import OPEN_CITIES, RANKING, WAITING_VOTES, InCity, PageCursor, RankedRow, list_open
from services.contest.rank_checkpoints import videos_ahead
from services.videos.records import Video


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """Video with its rank.

    Args:
        position: Rank, from 1.
        change: Ranks gained since the start of the day; negative if lost. None if the video had no rank then.
        video: The video, with its vote count.
    """

    position: int
    change: int | None
    video: Video


@dataclass(frozen=True, kw_only=True)
class RankingCursor:
    """Cursor of a page of the ranking.

    Args:
        position: Rank of the last video of the page before.
        cursor: Cursor of that video.
    """

    position: int
    cursor: PageCursor


@dataclass(frozen=True, kw_only=True)
class PlayerRank:
    """Ranks of one of a player's videos.

    Args:
        video_id: Id of the video.
        title: Title of the video.
        votes: Vote count of the video.
        position: Rank in the country.
        city: City of the player.
        city_position: Rank in the city.
    """

    video_id: UUID
    title: str
    votes: int
    position: int
    city: str
    city_position: int


_MAX_PLAYER_RANKS = 20


def _position(*, in_city: bool) -> str:
    """SQL: the rank of the video ``mine``. Videos with waiting votes are replaced: out by their old counts, in by new.

    Args:
        in_city: Whether only videos of its city count.
    """
    scope = "o.city_key = mine.city_key" if in_city else "true"
    return f"""
        1 + {videos_ahead("mine", in_city=in_city)}
          - (SELECT count(*) FROM waiting JOIN videos o ON o.id = waiting.video_id
             WHERE o.is_open AND {scope}
             AND (-o.votes_count, o.uploaded_at, o.id) < (-mine.votes, mine.uploaded_at, mine.id))
          + (SELECT count(*) FROM waiting JOIN videos o ON o.id = waiting.video_id
             WHERE o.is_open AND {scope}
             AND (-(o.votes_count + waiting.votes), o.uploaded_at, o.id) < (-mine.votes, mine.uploaded_at, mine.id))
    """


_PLAYER_RANKS = text(
    f"""
    WITH {WAITING_VOTES}, mine AS MATERIALIZED (
        SELECT v.id, v.title, v.city, v.city_key, v.uploaded_at, v.votes_count + coalesce(waiting.votes, 0) AS votes
        FROM videos v LEFT JOIN waiting ON waiting.video_id = v.id
        WHERE v.user_id = :user_id AND v.is_open AND v.votes_count + coalesce(waiting.votes, 0) > 0
        ORDER BY votes DESC, uploaded_at, id LIMIT {_MAX_PLAYER_RANKS}
    )
    SELECT mine.id AS video_id, mine.title, mine.votes::int, mine.city, {_position(in_city=False)} AS position,
           {_position(in_city=True)} AS city_position
    FROM mine ORDER BY position
    """
)
_CITIES = text(
    f"""
    WITH RECURSIVE {OPEN_CITIES}
    SELECT (SELECT v.city FROM videos v WHERE v.is_open AND v.city_key = keys.key
            ORDER BY v.votes_count DESC, v.uploaded_at DESC, v.id DESC LIMIT 1)
    FROM keys WHERE key IS NOT NULL ORDER BY key
    """
)
_TODAY = "(now() AT TIME ZONE 'America/Bogota')::date"
_RECORD_DAILY_RANKS = text(
    f"""
    WITH day AS (
        SELECT {_TODAY} AS today WHERE NOT EXISTS (SELECT FROM standings WHERE taken_on = {_TODAY})
        AND pg_try_advisory_xact_lock(hashtext('standings'))
    )
    INSERT INTO standings (taken_on, video_id, position, city_position)
    SELECT day.today, v.id, row_number() OVER (ORDER BY -v.votes_count, v.uploaded_at, v.id),
           row_number() OVER (PARTITION BY v.city_key ORDER BY -v.votes_count, v.uploaded_at, v.id)
    FROM day, videos v WHERE v.is_open AND v.votes_count > 0
    ON CONFLICT DO NOTHING
    """
)
# A separate statement avoids a deadlock: deleting a video locks its row, which the insert above waits for, and then
# needs the video's old ranks.
_DELETE_OLD_RANKS = text("DELETE FROM standings WHERE taken_on < (SELECT max(taken_on) FROM standings)")


def ranking(connection: Connection, *, city: InCity | None = None, page: int = 1, limit: int) -> list[Ranked]:
    """List a page of the ranking: most votes first, then the earlier upload, then the smaller id.

    Args:
        city: City to rank within. Default: the country.
        page: Number of the page, from 1.
        limit: Maximum number of videos.
    """
    offset = (page - 1) * limit
    return _ranked(list_open(connection, RANKING, city=city, offset=offset, limit=limit), city, offset)


def ranking_after(
    connection: Connection, after: RankingCursor, *, city: InCity | None = None, limit: int
) -> list[Ranked]:
    """List the videos that follow a cursor in the ranking. The cost does not depend on its depth.

    Args:
        after: Cursor of the last video of the page before.
        city: City to rank within. Default: the country.
        limit: Maximum number of videos.
    """
    rows = list_open(connection, RANKING, city=city, after=after.cursor, limit=limit)
    return _ranked(rows, city, after.position)


def find_player_ranks(connection: Connection, user_id: int) -> list[PlayerRank]:
    """List the ranks of a player's videos, best first, at most 20."""
    return [PlayerRank(**row._mapping) for row in connection.execute(_PLAYER_RANKS, {"user_id": user_id})]


def cities(connection: Connection) -> list[str]:
    """List the cities with open videos, each spelled as its leading player spells it."""
    return list(connection.execute(_CITIES).scalars())


def record_daily_ranks(connection: Connection) -> int:
    """Store today's ranks, once a day in Colombia's time zone, and delete older ones; return how many were stored.

    Several processes may call this at once; one of them does it.

    Args:
        connection: Connection in AUTOCOMMIT.

    Raises:
        sqlalchemy.exc.IntegrityError: A video was deleted at the same time; nothing is stored.
    """
    stored = connection.execute(_RECORD_DAILY_RANKS).rowcount
    connection.execute(_DELETE_OLD_RANKS)
    return stored


def _ranked(rows: list[RankedRow], city: InCity | None, offset: int) -> list[Ranked]:
    ranked = []
    for position, row in enumerate(rows, start=offset + 1):
        earlier = row.earlier if city is None else row.earlier_in_city
        # A part of a name may match several cities, for which no common ranks were stored.
        comparable = earlier is not None and (city is None or city.whole)
        change = earlier - position if comparable and earlier is not None else None
        ranked.append(Ranked(position=position, change=change, video=row.video))
    return ranked
