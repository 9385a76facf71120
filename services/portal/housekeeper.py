"""Work of every portal process in the background: votes rolled up, uploads relayed, old sessions forgotten.

Any number of processes do it side by side. What fails is logged and tried again at the next round.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from services.core.aws import AWS_ERRORS
from services.core.outbox import relay
from services.core.sessions import clear_sessions
from services.core.telemetry import get_logger
from services.core.votes import roll_up
from services.portal.database import db, statements
from services.portal.resources import resources

_SECONDS_BETWEEN_ROUNDS = 0.5
_ROUNDS_BETWEEN_CLEARINGS = 600

log = get_logger(__name__)


class Housekeeper:
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
                keep_house(sessions_too=rounds % _ROUNDS_BETWEEN_CLEARINGS == 0)
            rounds += 1
            self._stopping.wait(_SECONDS_BETWEEN_ROUNDS)


def keep_house(*, sessions_too: bool) -> None:
    """One round. The three works do not wait for each other: a queue that is down delays no votes.

    Args:
        sessions_too: forget the sessions that are past their time, too.
    """
    _attempt("votes wait to be rolled up", _roll_votes)
    _attempt("uploads wait to be relayed", _relay_uploads)
    if sessions_too:
        _attempt("old sessions wait to be forgotten", _forget_sessions)


def _roll_votes() -> None:
    with statements() as connection:
        while roll_up(connection):
            pass


def _relay_uploads() -> None:
    while relay(db.engine, resources().queue):
        pass


def _forget_sessions() -> None:
    with statements() as connection:
        clear_sessions(connection)


def _attempt(waiting: str, work: Callable[[], None]) -> None:
    try:
        work()
    except (*AWS_ERRORS, SQLAlchemyError) as error:
        log.warning(waiting, error=str(error))
    except Exception:
        # A bug may stop one work, never the thread.
        log.exception(waiting)
