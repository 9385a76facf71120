"""The data of a contest, with realistically skewed votes and consistent counts."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from workspace.progress import Step

CITIES = (
    "Bogotá", "Medellín", "Cali", "Barranquilla", "Cartagena", "Cúcuta", "Bucaramanga", "Pereira", "Santa Marta",
    "Ibagué", "Manizales", "Villavicencio", "Pasto", "Montería", "Neiva", "Armenia", "Popayán", "Sincelejo",
    "Valledupar", "Tunja",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class DatasetSize:
    """Number of rows of the data set."""

    videos: int
    users: int
    votes: int

    @classmethod
    def of(cls, scale: float) -> DatasetSize:
        """Return a share of the full contest: 100,000 videos, 200,000 people, 1,000,000 votes."""
        return cls(videos=round(100_000 * scale), users=round(200_000 * scale), votes=round(1_000_000 * scale))


VIDEO = "md5({number}::text)::uuid"
"""SQL expression: the id of the video with a number, from 1."""

# Earlier cities have more players; a third of all are from the first.
_CITY = f"(ARRAY{list(CITIES)!r})[1 + floor({len(CITIES)} * power(random(), 3))::int]"
_USERS = f"""
    INSERT INTO users (id, first_name, last_name, email, password_hash, city, country, created_at)
    SELECT n, 'Ana ' || n, 'Rojas', 'person' || n || '@example.com', %(password_hash)s, {_CITY}, 'Colombia',
           now() - interval '30 days' FROM generate_series(1, %(users)s) AS n
"""
_VIDEOS = f"""
    INSERT INTO videos (id, user_id, title, original_filename, original_url, processed_url, poster_url, status,
                        is_public, uploaded_at, processed_at, city)
    SELECT {VIDEO.format(number="n")}, u.id, 'Triple doble ' || n, 'play.mp4', 'uploads/' || n || '.mp4',
           'processed/' || n || '/1.mp4', 'processed/' || n || '/1.jpg', 'processed', true,
           now() - random() * interval '20 days', now(), u.city
    FROM generate_series(1, %(videos)s) AS n JOIN users u ON u.id = 1 + (n * 7919::bigint) %% %(users)s
"""
# The first video gets 2% of the votes, the first hundredth of the videos 20%.
_VOTES = f"""
    INSERT INTO votes (video_id, user_id, created_at, network)
    SELECT {VIDEO.format(number="video")}, voter, now() - random() * interval '7 days',
           set_masklen(('10.' || voter %% 250 || '.' || voter / 250 %% 250 || '.0')::cidr, 24)
    FROM (SELECT DISTINCT 1 + n %% %(users)s AS voter, 1 + floor(%(videos)s * power(random(), 3))::int AS video
          FROM generate_series(1, %(votes)s * 11 / 10) AS n) AS pairs LIMIT %(votes)s
"""
_COUNT = """
    UPDATE videos SET votes_count = counted.votes
    FROM (SELECT video_id, count(*) AS votes FROM votes GROUP BY 1) AS counted WHERE counted.video_id = videos.id
"""


def fill(url: str, size: DatasetSize, *, password_hash: str, step: Step) -> None:
    """Fill a migrated database.

    Args:
        url: URL of the database, as superuser.
        size: number of rows.
        password_hash: password hash of all users.
        step: reports the progress.
    """
    values = {"users": size.users, "videos": size.videos, "votes": size.votes, "password_hash": password_hash}
    with psycopg.connect(url, cursor_factory=psycopg.ClientCursor) as connection:
        # The data is consistent: skip a million checks by triggers and foreign keys.
        connection.execute("SET session_replication_role = replica")
        for name, statement in {"people": _USERS, "videos": _VIDEOS, "votes": _VOTES, "counts": _COUNT}.items():
            step.note(name)
            connection.execute(statement, values)
        connection.execute("SELECT setval('users_id_seq', (SELECT max(id) FROM users))")
        connection.commit()
    with psycopg.connect(url, autocommit=True) as connection:
        step.note("statistics")
        connection.execute("VACUUM ANALYZE")
    step.note(f"{size.videos:,} videos, {size.users:,} people, {size.votes:,} votes")
