"""Run a job for each stack once its dependencies are done, and ask questions one at a time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from operations.deploy.interruption import Interruption
from workspace.errors import UserError
from workspace.progress import Board

_POLL_SECONDS = 0.2
"""Interval between checks for an interruption."""


class Halted(Exception):
    """No more work is started because another job failed or the run was interrupted."""


@dataclass
class _Question:
    name: str
    ask: Callable[[], None]
    answered: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None


class StackScheduler:
    """Runs stacks in parallel as far as their dependencies allow.

    After a failure or the first interruption, running jobs finish and no other is started.

    Args:
        dependencies: Names of the stacks each stack depends on, by name. Every dependency is a key too.
        interruption: Handles signals while the jobs run.
        board: Shows the progress.
    """

    def __init__(self, dependencies: Mapping[str, Collection[str]], interruption: Interruption, board: Board) -> None:
        self._waiting = {name: set(needed) for name, needed in dependencies.items()}
        self._interruption = interruption
        self._board = board
        self._events: queue.SimpleQueue[Future[None] | _Question] = queue.SimpleQueue()
        self._failures: list[BaseException] = []
        self._running: dict[Future[None], str] = {}

    def run(self, job: Callable[[str], None]) -> None:
        """Run the job of each stack in a thread; return when no job is running.

        Args:
            job: Receives the stack's name.

        Raises:
            UserError: One or more jobs failed, with all messages, or the run was interrupted.
        """
        done: set[str] = set()
        threads = max(1, len(self._waiting))
        with ThreadPoolExecutor(threads) as pool, self._interruption.listening(), self._board.shown():
            while True:
                self._start(pool, job, done)
                if not self._running:
                    break
                self._handle_next(done)
                self._print_interruption()
        self._raise_failures()
        self._interruption.check()

    def ask(self, name: str, question: Callable[[], None]) -> None:
        """Ask a question in the main thread, without another question or output at the same time. Jobs call this.

        Args:
            name: Stack whose job asks.
            question: Asks; raises if the answer ends the deployment.

        Raises:
            Halted: The question was not asked because no more work is started.
            BaseException: Any error of the question; no more work is started then.
        """
        asked = _Question(name, question)
        self._events.put(asked)
        asked.answered.wait()
        if asked.error is not None:
            raise asked.error

    @property
    def _halted(self) -> bool:
        return bool(self._failures) or self._interruption.requested

    def _start(self, pool: ThreadPoolExecutor, job: Callable[[str], None], done: set[str]) -> None:
        if self._halted:
            return
        for name in [name for name, needed in self._waiting.items() if needed <= done]:
            del self._waiting[name]
            future = pool.submit(job, name)
            self._running[future] = name
            future.add_done_callback(self._events.put)

    def _handle_next(self, done: set[str]) -> None:
        try:
            event = self._events.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            return
        if isinstance(event, _Question):
            self._answer(event)
            return
        name, error = self._running.pop(event), event.exception()
        if error is None:
            done.add(name)
        elif not isinstance(error, Halted) and error not in self._failures:
            self._fail(name, error)

    def _answer(self, question: _Question) -> None:
        if self._halted:
            question.error = Halted()
        else:
            try:
                with self._board.paused(), self._interruption.raised():
                    question.ask()
            except BaseException as error:  # The job raises it again.
                question.error = error
                self._fail(question.name, error)
        question.answered.set()

    def _fail(self, name: str, error: BaseException) -> None:
        self._failures.append(error)
        others = sorted(set(self._running.values()) - {name})
        if others and not self._interruption.requested:
            self._board.print(f"No more stacks will be started. Still running: {', '.join(others)}.", style="yellow")

    def _print_interruption(self) -> None:
        notice = self._interruption.notice()
        if notice:
            self._board.print(notice, style="yellow", soft_wrap=True)

    def _raise_failures(self) -> None:
        bugs = [error for error in self._failures if not isinstance(error, UserError)]
        messages = [error.message for error in self._failures if isinstance(error, UserError)]
        if messages:
            raise UserError("\n".join(dict.fromkeys(messages)))
        if bugs:
            raise bugs[0]
