"""Votes while PostgreSQL is killed three times under 64 voters and two roll-up threads."""

from __future__ import annotations

import itertools
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from services.contest.vote_counts import audit_counts, read_audit_result, roll_up
from services.contest.votes import VoteResult, cast_vote
from services.shared.database import DRIVER_URL
from tests.killable_postgres import NAME, KillablePostgres

VOTERS, ROLLERS, KILLS, VIDEOS = 64, 2, 3, 5
ACKNOWLEDGED_BETWEEN_KILLS = 400


@pytest.fixture
def database(tmp_path: Path) -> Iterator[KillablePostgres]:
    database = KillablePostgres(tmp_path)
    yield database
    database.stop()


def open_engine(database: KillablePostgres) -> Engine:
    """Create an engine with a connection per thread that reconnects."""
    url = database.cluster.url(NAME).replace("postgresql://", DRIVER_URL, 1)
    return create_engine(url, pool_size=VOTERS + ROLLERS, max_overflow=0, isolation_level="AUTOCOMMIT")


def populate(engine: Engine) -> tuple[list[uuid.UUID], list[int]]:
    """Create open videos, and more people than will vote."""
    with engine.connect() as connection:
        connection.execute(
            text(
                "INSERT INTO users (first_name, last_name, email, password_hash, city, country) "
                "SELECT 'Ana', 'Díaz', number::text, '', 'Cali', 'Colombia' FROM generate_series(0, 20000) AS number"
            )
        )
        videos = connection.execute(
            text(
                "INSERT INTO videos (user_id, title, original_filename, original_url, processed_url, status, is_public)"
                " SELECT (SELECT min(id) FROM users), 'Triple', 'x', 'x', 'x', 'processed', true "
                "FROM generate_series(1, :videos) RETURNING id"
            ),
            {"videos": VIDEOS},
        )
        people = connection.execute(text("SELECT id FROM users ORDER BY id OFFSET 1"))
        return list(videos.scalars()), list(people.scalars())


class Election:
    """Runs the voters, and records their votes and the responses."""

    def __init__(self, engine: Engine, videos: list[uuid.UUID], people: list[int]) -> None:
        self._engine, self._videos = engine, videos
        self._people = iter(people)
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._numbers = itertools.count()
        self.acknowledged: Counter[tuple[uuid.UUID, int]] = Counter()
        self.attempted: set[tuple[uuid.UUID, int]] = set()
        self.disconnects = 0
        self.errors: list[BaseException] = []
        work = [self._vote] * VOTERS + [self._roll] * ROLLERS
        self._threads = [threading.Thread(target=self._guard, args=(one,), daemon=True) for one in work]
        for thread in self._threads:
            thread.start()

    def _guard(self, work: object) -> None:
        try:
            while not self._over.is_set():
                work()  # type: ignore[operator]
        except BaseException as error:
            self.errors.append(error)

    def _vote(self) -> None:
        with self._lock:
            person = next(self._people)
            # Most vote for the first video.
            video = self._videos[0 if next(self._numbers) % 2 else person % VIDEOS]
            self.attempted.add((video, person))
        while True:
            try:
                with self._engine.connect() as connection:
                    result = cast_vote(connection, video, person)
            except DBAPIError:
                # Whether the vote was stored is unknown, so the voter retries.
                self.disconnects += 1
                if self._over.wait(0.05):
                    return
                continue
            assert result in (VoteResult.COUNTED, VoteResult.ALREADY_VOTED), result
            with self._lock:
                self.acknowledged[video, person] += 1
            return

    def _roll(self) -> None:
        try:
            with self._engine.connect() as connection:
                roll_up(connection, most=50)
        except DBAPIError:
            self.disconnects += 1
        self._over.wait(0.02)

    def wait_for(self, more: int) -> None:
        expected = len(self.acknowledged) + more
        while len(self.acknowledged) < expected and not self.errors:
            time.sleep(0.02)

    def end(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(120)
        assert not any(thread.is_alive() for thread in self._threads), "a thread hangs"


def test_acknowledged_votes_survive_crashes_exactly_once(database: KillablePostgres) -> None:
    engine = open_engine(database)
    videos, people = populate(engine)
    election = Election(engine, videos, people)
    try:
        for _ in range(KILLS):
            election.wait_for(ACKNOWLEDGED_BETWEEN_KILLS)
            database.kill()
            database.start()
        election.wait_for(ACKNOWLEDGED_BETWEEN_KILLS)
    finally:
        election.end()
    assert election.errors == []
    assert election.disconnects >= KILLS
    with engine.connect() as connection:
        stored = {
            (row.video_id, row.user_id) for row in connection.execute(text("SELECT video_id, user_id FROM votes"))
        }
        assert election.acknowledged.keys() <= stored <= election.attempted
        assert set(election.acknowledged.values()) == {1}
        while roll_up(connection):
            pass
        counts = dict(connection.execute(text("SELECT id, votes_count FROM videos")).tuples().all())
        assert counts == {video: sum(1 for voted, _ in stored if voted == video) for video in videos}
        while audit_counts(connection, seconds=3600):
            pass
        assert read_audit_result(connection).exact
