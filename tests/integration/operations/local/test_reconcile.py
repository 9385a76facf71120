"""After a start, the database refers only to objects in the bucket."""

from __future__ import annotations

import psycopg
import pytest

from operations.local.reconcile import Reconciled, reconcile

ORIGINAL, RESULT, POSTER = "uploads/v.mp4", "processed/v/1.mp4", "processed/v/1.jpg"
PREVIEW = "processed/v/1.preview.mp4"
STATUS = "SELECT v.status, t.status, t.sent_at IS NULL FROM videos v JOIN task_results t ON t.video_id = v.id"


@pytest.fixture
def database(database_url: str) -> str:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO users (first_name, last_name, email, password_hash, city, country) "
            "VALUES ('A', 'B', 'a@b.co', 'x', 'Cali', 'Colombia')"
        )
    return database_url


def add(url: str, status: str) -> None:
    done = status == "processed"
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO videos (user_id, title, original_filename, original_url, processed_url, poster_url, "
            "preview_url, status, is_public) SELECT id, 'title', 'v.mp4', %s, %s, %s, %s, %s, true FROM users",
            [ORIGINAL, *((RESULT, POSTER, PREVIEW) if done else (None, None, None)), status],
        )
        connection.execute(
            "INSERT INTO task_results (task_id, video_id, status, sent_at) SELECT id::text, id, %s, now() FROM videos",
            ["completed" if done else "running"],
        )
        connection.execute("INSERT INTO votes (video_id, user_id) SELECT v.id, u.id FROM videos v, users u")
        connection.execute("INSERT INTO vote_deltas (video_id, delta) SELECT id, 1 FROM videos")


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def test_playable_video_is_unchanged(database: str) -> None:
    add(database, "processed")
    assert reconcile(database, {ORIGINAL, RESULT, POSTER, PREVIEW}) == Reconciled(removed=0, requeued=0)
    assert rows(database, STATUS) == [("processed", "completed", False)]


@pytest.mark.parametrize(
    "left", [{ORIGINAL}, {ORIGINAL, POSTER, PREVIEW}, {ORIGINAL, RESULT, PREVIEW}, {ORIGINAL, RESULT, POSTER}]
)
def test_incomplete_video_is_requeued_and_keeps_its_votes(database: str, left: set[str]) -> None:
    add(database, "processed")
    assert reconcile(database, left) == Reconciled(removed=0, requeued=1)
    assert rows(database, STATUS) == [("uploaded", "pending", True)]
    assert rows(database, "SELECT count(*) FROM votes") == [(1,)]


@pytest.mark.parametrize("status", ["uploaded", "processing"])
def test_video_without_a_message_is_requeued(database: str, status: str) -> None:
    add(database, status)
    assert reconcile(database, {ORIGINAL}) == Reconciled(removed=0, requeued=1)
    assert rows(database, STATUS) == [("uploaded", "pending", True)]


@pytest.mark.parametrize("status", ["uploaded", "processing", "processed"])
def test_video_without_objects_is_removed_with_its_votes(database: str, status: str) -> None:
    add(database, status)
    assert reconcile(database, set()) == Reconciled(removed=1, requeued=0)
    for table in ("videos", "votes", "vote_deltas", "task_results"):
        assert rows(database, f"SELECT count(*) FROM {table}") == [(0,)]


def test_failed_video_is_unchanged(database: str) -> None:
    add(database, "failed")
    assert reconcile(database, set()) == Reconciled(removed=0, requeued=0)
    assert rows(database, "SELECT status FROM videos") == [("failed",)]
