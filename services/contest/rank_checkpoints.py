"""Checkpoints of the ranking: count the videos ahead of a video exactly, without counting from the top.

Every 256 videos a checkpoint (table ``rank_marks``) stores how many videos are ahead of it. Triggers record in
``rank_changes`` every video that has since moved across. The videos between the last checkpoint and the video are
counted in the index. One statement reads all of it, so it is one snapshot.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

_VIDEOS_BETWEEN = 256
_MAX_CHANGES = 4000

_IS_DUE = text(
    f"""
    SELECT (NOT EXISTS (SELECT FROM rank_marks)
            OR (SELECT count(*) FROM (SELECT FROM rank_changes LIMIT {_MAX_CHANGES}) AS few) >= {_MAX_CHANGES})
       AND pg_try_advisory_xact_lock(hashtext('rank_marks'))
    """
)
# Changes of transactions that commit later are neither visible in ``videos`` nor deleted.
_REFRESH = text(
    f"""
    WITH deleted AS (DELETE FROM rank_changes), replaced AS (DELETE FROM rank_marks), ranked AS (
        SELECT city_key, -votes_count AS minus_votes, uploaded_at, id,
               row_number() OVER (ORDER BY -votes_count, uploaded_at, id) - 1 AS ahead,
               row_number() OVER (PARTITION BY city_key ORDER BY -votes_count, uploaded_at, id) - 1 AS ahead_in_city
        FROM videos WHERE is_open AND votes_count > 0
    )
    INSERT INTO rank_marks (city_key, minus_votes, uploaded_at, video_id, ahead)
    SELECT NULL, minus_votes, uploaded_at, id, ahead FROM ranked WHERE ahead % {_VIDEOS_BETWEEN} = 0
    UNION ALL
    SELECT city_key, minus_votes, uploaded_at, id, ahead_in_city FROM ranked
    WHERE ahead_in_city % {_VIDEOS_BETWEEN} = 0 AND city_key IS NOT NULL
    """
)


def videos_ahead(video: str, *, in_city: bool) -> str:
    """SQL: the number of open videos ahead of a video, by rolled-up counts.

    Args:
        video: Alias of a row with the columns ``votes``, ``uploaded_at``, ``id`` and ``city_key``.
        in_city: Whether only videos of its city count.
    """
    key = f"(-{video}.votes, {video}.uploaded_at, {video}.id)"
    mark = "(mark.minus_votes, mark.uploaded_at, mark.video_id)"
    marks = f"city_key = {video}.city_key" if in_city else "city_key IS NULL"
    scope = f"city_key = {video}.city_key" if in_city else "true"
    # BETWEEN is implied by the row comparisons; without it the planner expects many rows.
    return f"""(
        SELECT mark.ahead
             + (SELECT coalesce(sum(change), 0) FROM rank_changes
                WHERE {scope} AND (minus_votes, uploaded_at, video_id) < {mark})
             + (SELECT count(*) FROM videos
                WHERE is_open AND {scope} AND -votes_count BETWEEN mark.minus_votes AND -{video}.votes
                AND (-votes_count, uploaded_at, id) >= {mark} AND (-votes_count, uploaded_at, id) < {key})
        FROM (
            (SELECT minus_votes, uploaded_at, video_id, ahead FROM rank_marks
             WHERE {marks} AND (minus_votes, uploaded_at, video_id) <= {key}
             ORDER BY minus_votes DESC, uploaded_at DESC, video_id DESC LIMIT 1)
            UNION ALL
            SELECT -2147483647, '-infinity', '00000000-0000-0000-0000-000000000000'::uuid, 0
            ORDER BY minus_votes DESC, uploaded_at DESC, video_id DESC LIMIT 1
        ) AS mark
    )"""


def refresh_checkpoints(connection: Connection) -> bool:
    """Replace the checkpoints if there are none or many changes were recorded; return whether they were replaced.

    Several processes may call this at once; one of them does it.

    Args:
        connection: Connection in a transaction.
    """
    if not connection.execute(_IS_DUE).scalar_one():
        return False
    connection.execute(_REFRESH)
    return True
