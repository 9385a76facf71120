"""Vote counts: exact at every moment, and audited continuously.

The vote count of a video is its rolled-up count, ``videos.votes_count``, plus its waiting deltas, read in one
statement. Several processes may roll deltas up; they take turns. Votes cast during a freeze wait until the voting
closes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from services.videos.records import COUNTED_UNTIL

SLICES = 16
_LARGE_BYTES = 2**20

# The advisory lock prevents deadlocks between two updates of many rows. Locking the rows in a fixed order first would
# not: the lock is on a row's new version while the update starts from the old one, and another transaction that waits
# for the new version gets in between.
_ROLL = text(
    f"""
    WITH lock AS MATERIALIZED (
        SELECT pg_try_advisory_xact_lock(hashtext('roll_up')) AS acquired
    ), taken AS (
        DELETE FROM vote_deltas WHERE (cast_at, id) IN (
            SELECT cast_at, id FROM vote_deltas WHERE (SELECT acquired FROM lock) AND cast_at < {COUNTED_UNTIL}
            ORDER BY cast_at, id LIMIT :most FOR UPDATE SKIP LOCKED
        ) RETURNING video_id, delta
    ), sums AS (
        SELECT video_id, sum(delta) AS votes, count(*) AS deltas FROM taken GROUP BY video_id
    ), rolled AS (
        UPDATE videos SET votes_count = videos.votes_count + sums.votes
        FROM sums WHERE videos.id = sums.video_id AND sums.votes <> 0
    )
    SELECT coalesce(sum(deltas), 0) FROM sums
    """
)
# One statement is one snapshot, so the compared numbers are of the same moment.
_AUDIT = text(
    """
    WITH slice AS (
        SELECT slice, to_hex(slice::int) AS digit FROM tally_checks
        WHERE checked_at < now() - make_interval(secs => :seconds)
        ORDER BY checked_at, slice LIMIT 1 FOR UPDATE SKIP LOCKED
    ), bounds AS (
        SELECT slice, rpad(digit, 32, '0')::uuid AS first, rpad(digit, 32, 'f')::uuid AS last FROM slice
    ), counted AS (
        SELECT v.video_id, count(*) AS votes FROM votes v, bounds
        WHERE v.video_id BETWEEN bounds.first AND bounds.last AND v.quarantined_at IS NULL GROUP BY 1
    ), waiting AS (
        SELECT d.video_id, sum(d.delta) AS votes FROM vote_deltas d, bounds
        WHERE d.video_id BETWEEN bounds.first AND bounds.last GROUP BY 1
    ), compared AS (
        SELECT v.id, coalesce(c.votes, 0) AS votes, v.votes_count + coalesce(w.votes, 0) AS tally
        FROM bounds JOIN videos v ON v.id BETWEEN bounds.first AND bounds.last
        LEFT JOIN counted c ON c.video_id = v.id LEFT JOIN waiting w ON w.video_id = v.id
    ), result AS (
        SELECT count(*) AS videos, coalesce(sum(votes), 0) AS votes, coalesce(sum(tally), 0) AS tally,
               count(*) FILTER (WHERE votes <> tally) AS differing,
               (array_agg(id ORDER BY id) FILTER (WHERE votes <> tally))[1:10] AS examples
        FROM compared
    ), stored AS (
        UPDATE tally_checks SET checked_at = now(), videos = result.videos, votes = result.votes,
                                tally = result.tally, differing = result.differing
        FROM result, slice WHERE tally_checks.slice = slice.slice
    )
    SELECT slice.slice, result.* FROM slice, result
    """
)
_AUDIT_RESULT = text(
    "SELECT min(checked_at) FILTER (WHERE checked_at > '-infinity') AS since, bool_and(checked_at > '-infinity') AS "
    "complete, sum(videos) AS videos, sum(votes) AS votes, sum(tally) AS tally, sum(differing) AS differing "
    "FROM tally_checks"
)
_VACUUMS = {name: text(f"VACUUM (SKIP_LOCKED) {name}") for name in ("vote_deltas", "rank_changes")}
_IS_LARGE = text("SELECT pg_relation_size(CAST(:name AS regclass)) > :most")


@dataclass(frozen=True, kw_only=True)
class SliceAudit:
    """Result of the audit of one slice: a sixteenth of the videos.

    Args:
        slice: First hexadecimal digit of the videos' ids.
        videos: Number of videos in the slice.
        votes: Number of vote rows that count.
        shown_votes: Sum of the vote counts that people see, waiting votes included.
        differing: Number of videos where the two differ. Always 0 unless there is a fault.
        examples: Ids of at most ten such videos.
    """

    slice: int
    videos: int
    votes: int
    shown_votes: int
    differing: int
    examples: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AuditResult:
    """Result of the last audits of all slices together.

    Args:
        since: Time of the oldest of them. None before the first.
        complete: Whether every slice was audited.
        videos: Number of videos.
        votes: Number of vote rows that count.
        shown_votes: Sum of the vote counts that people see, waiting votes included.
        differing: Number of videos where the two differ.
    """

    since: datetime | None
    complete: bool
    videos: int
    votes: int
    shown_votes: int
    differing: int

    @property
    def exact(self) -> bool:
        """Whether every video's count is the number of its votes."""
        return self.complete and self.differing == 0


def roll_up(connection: Connection, *, most: int = 5000) -> int:
    """Move waiting deltas into the counts; return their number, 0 if none wait or another process is rolling up.

    Args:
        most: Maximum number of deltas to move.
    """
    return int(connection.execute(_ROLL, {"most": most}).scalar_one())


def audit_counts(connection: Connection, *, seconds: float = 5) -> SliceAudit | None:
    """Count the votes of the slice with the oldest audit again, and store the result.

    Args:
        seconds: Minimum age of a slice's last audit.

    Returns:
        None if every slice was audited within that time, or is being audited by other processes.
    """
    row = connection.execute(_AUDIT, {"seconds": seconds}).one_or_none()
    if row is None:
        return None
    return SliceAudit(
        slice=row.slice,
        videos=row.videos,
        votes=int(row.votes),
        shown_votes=int(row.tally),
        differing=row.differing,
        examples=tuple(str(video_id) for video_id in row.examples or ()),
    )


def read_audit_result(connection: Connection) -> AuditResult:
    """Read the combined result of the last audits."""
    row = connection.execute(_AUDIT_RESULT).one()
    return AuditResult(
        since=row.since,
        complete=row.complete,
        videos=int(row.videos),
        votes=int(row.votes),
        shown_votes=int(row.tally),
        differing=int(row.differing),
    )


def vacuum_vote_tables(connection: Connection) -> list[str]:
    """Vacuum ``vote_deltas`` and ``rank_changes`` where they have grown; return the names of the vacuumed tables.

    PostgreSQL keeps a deleted row until its table is vacuumed, which autovacuum starts at most once a minute. After
    a burst of votes every read of these tables would scan the dead rows until then. Several processes may call this at
    once; a table that another process is vacuuming is skipped.

    Args:
        connection: Connection in AUTOCOMMIT; VACUUM cannot run in a transaction.
    """
    vacuumed = []
    for name, vacuum in _VACUUMS.items():
        if connection.execute(_IS_LARGE, {"name": name, "most": _LARGE_BYTES}).scalar_one():
            connection.execute(vacuum)
            vacuumed.append(name)
    return vacuumed
