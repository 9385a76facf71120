"""The ranking: of the country and of each city, a player's own places in it, and how they changed since yesterday."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text

from services.contest.listing import CITIES, MOVING, RANKING, InCity, PageCursor, RankedRow, list_open
from services.contest.rank_checkpoints import ahead
from services.videos.records import Video


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """A video and its place in a ranking.

    Args:
        position: from 1.
        change: places won since the beginning of the day; negative for places lost, None for who is new.
        video: with its votes.
    """

    position: int
    change: int | None
    video: Video


@dataclass(frozen=True, kw_only=True)
class RankedPlace:
    """A place in a ranking, to go on after it.

    Args:
        position: of the video there.
        place: in the list.
    """

    position: int
    place: PageCursor


@dataclass(frozen=True, kw_only=True)
class PlayerRank:
    """Where one of a player's videos stands.

    Args:
        video_id: of the video.
        title: of the video.
        votes: its tally.
        position: in the country.
        city: the player's.
        city_position: in the city.
    """

    video_id: UUID
    title: str
    votes: int
    position: int
    city: str
    city_position: int


_OF_PLAYER_AT_MOST = 20
_BETTER = "(-{votes}, o.uploaded_at, o.id) < (-mine.votes, mine.uploaded_at, mine.id)"
# Those whose votes wait are taken out of what the index counts, and counted by their tally.
_POSITION = f"""
    1 + {{ahead}}
      - (SELECT count(*) FROM moving JOIN videos o ON o.id = moving.video_id
         WHERE o.is_open AND {_BETTER.format(votes="o.votes_count")} AND {{among}})
      + (SELECT count(*) FROM moving JOIN videos o ON o.id = moving.video_id
         WHERE o.is_open AND {_BETTER.format(votes="(o.votes_count + moving.votes)")} AND {{among}})
"""
_IN_COUNTRY = _POSITION.format(ahead=ahead("mine", in_city=False), among="true")
_IN_CITY = _POSITION.format(ahead=ahead("mine", in_city=True), among="o.city_key = mine.city_key")
_STANDINGS_OF = text(
    f"""
    WITH {MOVING}, mine AS MATERIALIZED (
        SELECT v.id, v.title, v.city, v.city_key, v.uploaded_at, v.votes_count + coalesce(moving.votes, 0) AS votes
        FROM videos v LEFT JOIN moving ON moving.video_id = v.id
        WHERE v.user_id = :user_id AND v.is_open AND v.votes_count + coalesce(moving.votes, 0) > 0
        ORDER BY votes DESC, uploaded_at, id LIMIT {_OF_PLAYER_AT_MOST}
    )
    SELECT mine.id AS video_id, mine.title, mine.votes::int, mine.city, {_IN_COUNTRY} AS position,
           {_IN_CITY} AS city_position
    FROM mine ORDER BY position
    """
)
_CITIES = text(
    f"""
    WITH RECURSIVE {CITIES}
    SELECT (SELECT v.city FROM videos v WHERE v.is_open AND v.city_key = keys.key
            ORDER BY v.votes_count DESC, v.uploaded_at DESC, v.id DESC LIMIT 1)
    FROM keys WHERE key IS NOT NULL ORDER BY key
    """
)
_TODAY = "(now() AT TIME ZONE 'America/Bogota')::date"
_TAKE = text(
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
# Apart: whoever deletes a video holds its row, which new places wait for, and wants its old places.
_FORGET = text("DELETE FROM standings WHERE taken_on < (SELECT max(taken_on) FROM standings)")


def ranking(connection: Connection, *, city: InCity | None = None, page: int = 1, limit: int) -> list[Ranked]:
    """A page of the ranking: most votes first, then the earlier upload, then the smaller id.

    Args:
        city: positions count within it; None for the country.
        page: from 1.
        limit: videos on a page.
    """
    offset = (page - 1) * limit
    return _ranked(list_open(connection, RANKING, city=city, offset=offset, limit=limit), city, offset)


def ranking_after(
    connection: Connection, after: RankedPlace, *, city: InCity | None = None, limit: int
) -> list[Ranked]:
    """The videos that follow a place in the ranking, at the same price however deep it is.

    Args:
        city: positions count within it; None for the country.
        limit: videos at the most.
    """
    listed = list_open(connection, RANKING, city=city, after=after.place, limit=limit)
    return _ranked(listed, city, after.position)


def find_player_ranks(connection: Connection, user_id: int) -> list[PlayerRank]:
    """Where a player's videos stand, the best first; twenty at the most."""
    return [PlayerRank(**row._mapping) for row in connection.execute(_STANDINGS_OF, {"user_id": user_id})]


def cities(connection: Connection) -> list[str]:
    """The cities with open videos, each once, as its leading player spells it."""
    return list(connection.execute(_CITIES).scalars())


def record_daily_ranks(connection: Connection) -> int:
    """Remember today's places, once a day in Colombia, to tell changes against; returns how many.

    Any number of processes may ask at once; one of them does it.

    Args:
        connection: in AUTOCOMMIT.

    Raises:
        sqlalchemy.exc.IntegrityError: a video was deleted meanwhile; nothing is remembered yet.
    """
    taken = connection.execute(_TAKE).rowcount
    connection.execute(_FORGET)
    return taken


def _ranked(listed: list[RankedRow], city: InCity | None, offset: int) -> list[Ranked]:
    ranked = []
    for position, one in enumerate(listed, start=offset + 1):
        earlier = one.earlier if city is None else one.earlier_in_city
        # Part of a name may mean several cities; no place of yesterday's is one among those.
        known = earlier is not None and (city is None or city.whole)
        change = earlier - position if known and earlier is not None else None
        ranked.append(Ranked(position=position, change=change, video=one.video))
    return ranked
