"""What moderators look at first: the videos that gather votes fastest, and those that are hidden."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text


@dataclass(frozen=True, kw_only=True)
class TrendingVideo:
    """A video and the votes that it was given lately, those set aside left out.

    Args:
        video_id: of the video.
        title: of the video.
        player: whose it is.
        hidden_at: since when it is hidden; None where it is not.
        last_hour: votes of the last hour.
        last_day: votes of the last 24 hours.
        young: of these, those whose account was less than an hour old.
        networks: how many they came from.
    """

    video_id: UUID
    title: str
    player: str
    hidden_at: datetime | None
    last_hour: int
    last_day: int
    young: int
    networks: int


@dataclass(frozen=True, kw_only=True)
class HiddenVideo:
    """A hidden video.

    Args:
        video_id: of the video.
        title: of the video.
        player: whose it is.
        hidden_at: since when.
    """

    video_id: UUID
    title: str
    player: str
    hidden_at: datetime


_RISING = text(
    """
    WITH recent AS (
        SELECT t.video_id, count(*) FILTER (WHERE t.created_at > now() - interval '1 hour') AS last_hour,
               count(*) AS last_day, count(DISTINCT t.network) AS networks,
               count(*) FILTER (WHERE u.created_at > t.created_at - interval '1 hour') AS young
        FROM votes t JOIN users u ON u.id = t.user_id
        WHERE t.created_at > now() - interval '1 day' AND t.quarantined_at IS NULL
        GROUP BY t.video_id ORDER BY last_hour DESC, last_day DESC, t.video_id LIMIT :most
    )
    SELECT recent.*, v.title, v.hidden_at, p.first_name || ' ' || p.last_name AS player
    FROM recent JOIN videos v ON v.id = recent.video_id JOIN users p ON p.id = v.user_id
    ORDER BY recent.last_hour DESC, recent.last_day DESC, recent.video_id
    """
)
_HIDDEN = text(
    """
    SELECT v.id AS video_id, v.title, v.hidden_at, p.first_name || ' ' || p.last_name AS player
    FROM videos v JOIN users p ON p.id = v.user_id
    WHERE v.hidden_at IS NOT NULL ORDER BY v.hidden_at DESC, v.id LIMIT :most
    """
)


def find_trending_videos(connection: Connection, *, most: int = 10) -> list[TrendingVideo]:
    """The videos that gather votes fastest: the most of the last hour first, then of the last day."""
    return [TrendingVideo(**row._mapping) for row in connection.execute(_RISING, {"most": most})]


def find_hidden_videos(connection: Connection, *, most: int = 50) -> list[HiddenVideo]:
    """The videos that are hidden, the latest first."""
    return [HiddenVideo(**row._mapping) for row in connection.execute(_HIDDEN, {"most": most})]
