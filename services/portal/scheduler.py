"""Work of every portal process in the background: votes rolled up and counted again, uploads relayed, and so on.

Any number of processes do it side by side. What fails is logged and tried again at the next round.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from services.contest.rank_checkpoints import refresh_checkpoints
from services.contest.rankings import record_daily_ranks
from services.contest.revoked_tokens import clear_revoked_tokens
from services.contest.sessions import clear_sessions
from services.contest.vote_counts import audit_counts, roll_up, vacuum_vote_tables
from services.portal.database import db, statements, transaction
from services.portal.metrics import measure_backlog, tell_cloudwatch
from services.portal.resources import resources
from services.portal.sweeping import sweep_videos
from services.portal.uploads.form_uploads import clear_expired
from services.shared.aws import AWS_ERRORS
from services.shared.rate_limits import clear_limits
from services.shared.telemetry import get_logger
from services.videos.outbox import relay

_SECONDS_BETWEEN_ROUNDS = 0.5
_ROUNDS_BETWEEN_MEASURES = 120  # a minute

log = get_logger(__name__)


@dataclass(frozen=True)
class PeriodicTask:
    """Something done again and again.

    Args:
        waiting: what is logged where it cannot be done.
        rounds: it is done in every so-manieth round.
        work: does it.
    """

    waiting: str
    rounds: int
    work: Callable[[], None]


class Scheduler:
    """A thread that keeps an application's house until the process ends.

    Args:
        app: whose database and queue are kept.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="housekeeper", daemon=True)

    def start(self) -> None:
        """Begin; once for each process, after it was forked."""
        self._thread.start()

    def stop(self) -> None:
        """End after the round at work."""
        self._stopping.set()
        self._thread.join()

    def _keep(self) -> None:
        rounds = 0
        while not self._stopping.is_set():
            with self._app.app_context():
                keep_house(rounds)
                if rounds % _ROUNDS_BETWEEN_MEASURES == 0:
                    tell_cloudwatch()
            rounds += 1
            self._stopping.wait(_SECONDS_BETWEEN_ROUNDS)


def keep_house(number: int) -> None:
    """One round. The chores do not wait for each other: a queue that is down delays no votes.

    Args:
        number: of the round, from 0, in which every chore has its turn.
    """
    resources().metrics.rounds.inc()
    for chore in TASKS:
        if number % chore.rounds == 0:
            _attempt(chore)


def _roll_votes() -> None:
    with statements() as connection:
        while roll_up(connection):
            pass


def _relay_uploads() -> None:
    while relay(db.engine, resources().queue):
        pass


def _check_tally() -> None:
    with statements() as connection:
        check = audit_counts(connection)
    if check is not None and check.differing:
        log.error("the tally is not the number of the votes", differing=check.differing, examples=check.examples)


def _set_rank_marks() -> None:
    with transaction() as connection:
        refresh_checkpoints(connection)


def _sweep_dead_rows() -> None:
    with statements() as connection:
        vacuum_vote_tables(connection)


def _take_standings() -> None:
    with statements() as connection:
        record_daily_ranks(connection)


def _forget_sessions() -> None:
    with statements() as connection:
        clear_sessions(connection)
        clear_revoked_tokens(connection)
        clear_limits(connection)


def _clear_uploads() -> None:
    while clear_expired():
        pass


def _sweep_videos() -> None:
    while sweep_videos():
        pass


TASKS = (
    PeriodicTask("votes wait to be rolled up", 1, _roll_votes),
    PeriodicTask("uploads wait to be relayed", 1, _relay_uploads),
    PeriodicTask("videos without a sign of life wait to be looked for", 120, _sweep_videos),
    PeriodicTask("the tally waits to be checked", 10, _check_tally),
    PeriodicTask("the ranking's marks wait to be set", 20, _set_rank_marks),
    PeriodicTask("what rolled votes left behind waits to be swept out", 10, _sweep_dead_rows),
    PeriodicTask("the day's places wait to be remembered", 120, _take_standings),
    PeriodicTask("the backlog waits to be measured", 20, measure_backlog),
    PeriodicTask("old sessions and limits wait to be forgotten", 600, _forget_sessions),
    PeriodicTask("abandoned uploads wait to be cleared away", 600, _clear_uploads),
)


def _attempt(chore: PeriodicTask) -> None:
    try:
        chore.work()
    except (*AWS_ERRORS, SQLAlchemyError) as error:
        resources().metrics.failures.labels(chore.waiting).inc()
        log.warning(chore.waiting, error=str(error))
    except Exception:
        resources().metrics.failures.labels(chore.waiting).inc()
        # A bug may stop one work, never the thread.
        log.exception(chore.waiting)
