"""Sweeps out what the votes that were rolled up leave behind, before the database would by itself.

PostgreSQL keeps a deleted row until its table is vacuumed, which autovacuum begins at most once a minute. After a rush
of votes every reading of the tables through which they pass would go over all of them until then.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

_VACUUMS = {name: text(f"VACUUM (SKIP_LOCKED) {name}") for name in ("vote_deltas", "rank_changes")}
"""By the tables through which votes pass."""
_LARGE_BYTES = 2**20

_IS_LARGE = text("SELECT pg_relation_size(CAST(:name AS regclass)) > :most")


def sweep_dead_rows(connection: Connection) -> list[str]:
    """Vacuum the tables that grew; returns which.

    Any number of processes may ask at once; one that another vacuums is left out.

    Args:
        connection: on which each statement stands for itself; VACUUM takes part in no transaction.
    """
    swept = []
    for name, vacuum in _VACUUMS.items():
        if connection.execute(_IS_LARGE, {"name": name, "most": _LARGE_BYTES}).scalar_one():
            connection.execute(vacuum)
            swept.append(name)
    return swept
