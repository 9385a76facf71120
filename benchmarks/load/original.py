"""Our emulation of the original in the same PostgreSQL: its tables, votes and ranking.

A vote is two checks and an insert in a transaction. The votes have five indexes, and a trigger per row increments the
count of the video, which is indexed too. The ranking numbers all videos on every call.
"""

from __future__ import annotations

import psycopg

_TABLES = """
    CREATE SCHEMA original;
    CREATE TABLE original.videos (
        id UUID PRIMARY KEY, user_id INT NOT NULL REFERENCES users (id), title VARCHAR(255) NOT NULL,
        processed_url VARCHAR(500), status VARCHAR(20) NOT NULL, is_public BOOLEAN NOT NULL,
        uploaded_at TIMESTAMPTZ NOT NULL, votes_count INT NOT NULL DEFAULT 0);
    INSERT INTO original.videos
        SELECT id, user_id, title, processed_url, status, is_public, uploaded_at, votes_count FROM videos;
    CREATE INDEX ON original.videos (user_id);
    CREATE INDEX ON original.videos (status);
    CREATE INDEX ON original.videos (is_public);
    CREATE INDEX ON original.videos (votes_count DESC);
    CREATE TABLE original.votes (
        id UUID NOT NULL DEFAULT gen_random_uuid(), user_id INT NOT NULL, video_id UUID NOT NULL,
        created_at TIMESTAMPTZ NOT NULL DEFAULT now());
    INSERT INTO original.votes (user_id, video_id, created_at) SELECT user_id, video_id, created_at FROM votes;
    ALTER TABLE original.votes ADD PRIMARY KEY (id), ADD UNIQUE (user_id, video_id),
        ADD FOREIGN KEY (user_id) REFERENCES users (id), ADD FOREIGN KEY (video_id) REFERENCES original.videos (id);
    CREATE INDEX ON original.votes (user_id);
    CREATE INDEX ON original.votes (video_id);
    CREATE INDEX ON original.votes (created_at);
    CREATE FUNCTION original.count_vote() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE original.videos SET votes_count = votes_count + 1 WHERE id = NEW.video_id;
        RETURN NEW;
    END
    $$;
    CREATE TRIGGER count_vote AFTER INSERT ON original.votes FOR EACH ROW EXECUTE FUNCTION original.count_vote();
"""

VOTE = """
SELECT user_id FROM original.videos WHERE id = :video_id AND status = 'processed' AND is_public \\gset seen_
SELECT count(*) AS votes FROM original.votes WHERE user_id = :user_id AND video_id = :video_id \\gset seen_
\\if :seen_votes = 0
BEGIN;
INSERT INTO original.votes (user_id, video_id) VALUES (:user_id, :video_id) ON CONFLICT DO NOTHING;
COMMIT;
\\endif
"""
"""A pgbench script. The original responds 500 to concurrent duplicate votes; here one of them has no effect."""

RANKING = """
WITH ranked AS (
    SELECT v.id, v.title, u.first_name || ' ' || u.last_name AS username, u.city, v.votes_count, v.processed_url,
           row_number() OVER (ORDER BY v.votes_count DESC, v.uploaded_at) AS position
    FROM original.videos v JOIN users u ON u.id = v.user_id
    WHERE v.is_public AND v.status = 'processed' AND v.votes_count > 0 {in_city}
) SELECT * FROM ranked ORDER BY position LIMIT 50 OFFSET 0;
"""


def create_tables(url: str) -> None:
    """Create the original's tables next to ours, with the same data.

    Args:
        url: URL of a filled database, as superuser.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_TABLES)
        connection.execute("VACUUM ANALYZE original.videos")
        connection.execute("VACUUM ANALYZE original.votes")
