"""Overview for moderators: the videos that gain votes fastest, and the hidden videos."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text


@dataclass(frozen=True, kw_only=True)
class TrendingVideo:
    """Video with its recent votes, without quarantined ones.

    Args:
        video_id: Id of the video.
        title: Title of the video.
        player: Name of its owner.
        hidden_at: Time when it was hidden. None if it is not.
        last_hour: Number of votes in the last hour.
        last_day: Number of votes in the last 24 hours.
        young: Number of votes in the last 24 hours from accounts less than an hour old.
        networks: Number of networks that the votes of the last 24 hours came from.
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
    """Hidden video.

    Args:
        video_id: Id of the video.
        title: Title of the video.
        player: Name of its owner.
        hidden_at: Time when it was hidden.
    """

    video_id: UUID
    title: str
    player: str
    hidden_at: datetime


_TRENDING = text(
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
    """List the videos with the most votes in the last hour, then in the last 24 hours."""
    return [TrendingVideo(**row._mapping) for row in connection.execute(_TRENDING, {"most": most})]


def find_hidden_videos(connection: Connection, *, most: int = 50) -> list[HiddenVideo]:
    """List the hidden videos, latest first."""
    return [HiddenVideo(**row._mapping) for row in connection.execute(_HIDDEN, {"most": most})]
