"""Periodic background tasks of each portal process: rolling up votes, auditing counts, relaying uploads, and more.

Any number of processes run the tasks in parallel. A task that fails is logged and retried in its next round.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, current_app
from sqlalchemy.exc import SQLAlchemyError

from services.contest.rank_checkpoints import refresh_checkpoints
from services.contest.rankings import record_daily_ranks
from services.contest.revoked_tokens import clear_revoked_tokens
from services.contest.sessions import clear_sessions
from services.contest.vote_counts import audit_counts, roll_up, vacuum_vote_tables
from services.portal.database import db, statements, transaction
from services.portal.metrics import count_swept, measure_backlog, write_emf_metrics
from services.portal.resources import resources
from services.portal.uploads.common import delete_expired
from services.shared.aws import AWS_ERRORS
from services.shared.rate_limits import clear_limits
from services.shared.storage import results_prefix
from services.shared.telemetry import get_logger
from services.videos.outbox import relay
from services.videos.stale_videos import STALE_AFTER_VISIBILITIES, recover_stale_videos

_SECONDS_BETWEEN_ROUNDS = 0.5
_ROUNDS_BETWEEN_MEASURES = 120  # a minute
_STALE_VIDEOS_PER_BATCH = 100

log = get_logger(__name__)


@dataclass(frozen=True)
class PeriodicTask:
    """A task that the scheduler runs again and again.

    Args:
        failure_event: Log event and metric label if the task fails.
        interval_rounds: Number of rounds from one run to the next; a round takes half a second.
        run: Function that does the work.
    """

    failure_event: str
    interval_rounds: int
    run: Callable[[], None]


class Scheduler:
    """A thread that runs an application's periodic tasks until the process ends.

    Args:
        app: Application whose database and queue the tasks use.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)

    def start(self) -> None:
        """Start the thread; call this once in each process, after the fork."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread after the current round."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._stopping.is_set():
            with self._app.app_context():
                run_due(number)
                if number % _ROUNDS_BETWEEN_MEASURES == 0:
                    write_emf_metrics()
            number += 1
            self._stopping.wait(_SECONDS_BETWEEN_ROUNDS)


def run_due(number: int) -> None:
    """Run the tasks that are due in a round. A failing task does not keep the others from running.

    Args:
        number: Number of the round, from 0; in round 0 all tasks are due.
    """
    resources().metrics.rounds.inc()
    for task in TASKS:
        if number % task.interval_rounds == 0:
            _run_task(task)


def _roll_up_votes() -> None:
    with statements() as connection:
        while roll_up(connection):
            pass


def _relay_uploads() -> None:
    while relay(db.engine, resources().queue):
        pass


def _audit_vote_counts() -> None:
    with statements() as connection:
        audit = audit_counts(connection)
    if audit is not None and audit.differing:
        log.error("the tally is not the number of the votes", differing=audit.differing, examples=audit.examples)


def _set_rank_checkpoints() -> None:
    with transaction() as connection:
        refresh_checkpoints(connection)


def _vacuum() -> None:
    with statements() as connection:
        vacuum_vote_tables(connection)


def _store_daily_positions() -> None:
    with statements() as connection:
        record_daily_ranks(connection)


def _delete_old_sessions() -> None:
    with statements() as connection:
        clear_sessions(connection)
        clear_revoked_tokens(connection)
        clear_limits(connection)


def _delete_expired_uploads() -> None:
    while delete_expired():
        pass


def _sweep_stale_videos() -> None:
    while _sweep_batch():
        pass


def _sweep_batch() -> int:
    """Send overdue videos to the queue again or fail them; return how many there were."""
    queue = resources().queue.state()
    with transaction() as connection:
        swept = recover_stale_videos(
            connection,
            stale_after_seconds=STALE_AFTER_VISIBILITIES * queue.visibility_seconds,
            queue_is_empty=queue.visible == 0,
            most=_STALE_VIDEOS_PER_BATCH,
        )
        for video in swept:
            if video.given_up:
                # Files of failed attempts. Deleted before the commit, so that the next sweep repeats it after a crash.
                resources().media.delete_all(results_prefix(video.video_id))
    for video in swept:
        count_swept(current_app, given_up=video.given_up)
        if video.given_up:
            log.error("video given up: no worker finished it", video_id=str(video.video_id))
        else:
            log.warning("video without a sign of life is sent again", video_id=str(video.video_id))
    return len(swept)


TASKS = (
    PeriodicTask("votes wait to be rolled up", 1, _roll_up_votes),
    PeriodicTask("uploads wait to be relayed", 1, _relay_uploads),
    PeriodicTask("videos without a sign of life wait to be looked for", 120, _sweep_stale_videos),
    PeriodicTask("the tally waits to be checked", 10, _audit_vote_counts),
    PeriodicTask("the ranking's marks wait to be set", 20, _set_rank_checkpoints),
    PeriodicTask("what rolled votes left behind waits to be swept out", 10, _vacuum),
    PeriodicTask("the day's places wait to be remembered", 120, _store_daily_positions),
    PeriodicTask("the backlog waits to be measured", 20, measure_backlog),
    PeriodicTask("old sessions and limits wait to be forgotten", 600, _delete_old_sessions),
    PeriodicTask("abandoned uploads wait to be cleared away", 600, _delete_expired_uploads),
)


def _run_task(task: PeriodicTask) -> None:
    try:
        task.run()
    except (*AWS_ERRORS, SQLAlchemyError) as error:
        resources().metrics.failures.labels(task.failure_event).inc()
        log.warning(task.failure_event, error=str(error))
    except Exception:
        resources().metrics.failures.labels(task.failure_event).inc()
        # A bug in one task must not end the thread.
        log.exception(task.failure_event)
