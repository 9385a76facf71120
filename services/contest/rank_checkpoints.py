"""Marks in the ranking: how many videos stand before a place, exactly, without counting them from the top.

Some hundred videos apart a mark says how many stand before it. What has come and gone before it since is noted by
triggers in ``rank_changes``, and the few between the last mark and the place are counted in the index. All of it is
read in one statement, which is one snapshot.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

_APART = 256
_MOST_CHANGES = 4000

_WANTED = text(
    f"""
    SELECT (NOT EXISTS (SELECT FROM rank_marks)
            OR (SELECT count(*) FROM (SELECT FROM rank_changes LIMIT {_MOST_CHANGES}) AS few) >= {_MOST_CHANGES})
       AND pg_try_advisory_xact_lock(hashtext('rank_marks'))
    """
)
# Changes of transactions that end later are neither seen in the videos nor swept away.
_SET = text(
    f"""
    WITH swept AS (DELETE FROM rank_changes), replaced AS (DELETE FROM rank_marks), ranked AS (
        SELECT city_key, -votes_count AS minus_votes, uploaded_at, id,
               row_number() OVER (ORDER BY -votes_count, uploaded_at, id) - 1 AS ahead,
               row_number() OVER (PARTITION BY city_key ORDER BY -votes_count, uploaded_at, id) - 1 AS ahead_in_city
        FROM videos WHERE is_open AND votes_count > 0
    )
    INSERT INTO rank_marks (city_key, minus_votes, uploaded_at, video_id, ahead)
    SELECT NULL, minus_votes, uploaded_at, id, ahead FROM ranked WHERE ahead % {_APART} = 0
    UNION ALL
    SELECT city_key, minus_votes, uploaded_at, id, ahead_in_city FROM ranked
    WHERE ahead_in_city % {_APART} = 0 AND city_key IS NOT NULL
    """
)


def ahead(video: str, *, in_city: bool) -> str:
    """SQL: how many open videos stand ahead of one, by the counts that are rolled up.

    Args:
        video: name of a row with the columns ``votes``, ``uploaded_at``, ``id`` and ``city_key``.
        in_city: whether only the videos of its city count.
    """
    place = f"(-{video}.votes, {video}.uploaded_at, {video}.id)"
    mark = "(mark.minus_votes, mark.uploaded_at, mark.video_id)"
    kind = f"city_key = {video}.city_key" if in_city else "city_key IS NULL"
    among = f"city_key = {video}.city_key" if in_city else "true"
    # BETWEEN says nothing that the rows do not say, but tells the planner that there are few.
    return f"""(
        SELECT mark.ahead
             + (SELECT coalesce(sum(change), 0) FROM rank_changes
                WHERE {among} AND (minus_votes, uploaded_at, video_id) < {mark})
             + (SELECT count(*) FROM videos
                WHERE is_open AND {among} AND -votes_count BETWEEN mark.minus_votes AND -{video}.votes
                AND (-votes_count, uploaded_at, id) >= {mark} AND (-votes_count, uploaded_at, id) < {place})
        FROM (
            (SELECT minus_votes, uploaded_at, video_id, ahead FROM rank_marks
             WHERE {kind} AND (minus_votes, uploaded_at, video_id) <= {place}
             ORDER BY minus_votes DESC, uploaded_at DESC, video_id DESC LIMIT 1)
            UNION ALL
            SELECT -2147483647, '-infinity', '00000000-0000-0000-0000-000000000000'::uuid, 0
            ORDER BY minus_votes DESC, uploaded_at DESC, video_id DESC LIMIT 1
        ) AS mark
    )"""


def refresh_checkpoints(connection: Connection) -> bool:
    """Set the marks anew where there are none or much has changed; returns whether they were.

    Any number of processes may ask at once; one of them does it.

    Args:
        connection: in a transaction.
    """
    if not connection.execute(_WANTED).scalar_one():
        return False
    connection.execute(_SET)
    return True
