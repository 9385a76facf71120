"""Runs a job for each stack as soon as the stacks it needs are done, and asks questions one at a time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from operations.deploy.interruption import Interruption
from workspace.errors import UserError
from workspace.progress import Board

_ASKED_SECONDS = 0.2
"""How often an interruption is looked for."""


class Halted(Exception):
    """No job starts anything more: another one failed, or somebody interrupted."""


@dataclass
class _Question:
    name: str
    ask: Callable[[], None]
    answered: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None


class Scheduler:
    """Stacks side by side, as far as what they need allows.

    When one fails, those under way are finished and no other is started. The same goes for the first interruption.

    Args:
        needs: the stacks that each one needs, by name; all of them among the names.
        interruption: listened to while the jobs run.
        board: where their progress is shown.
    """

    def __init__(self, needs: Mapping[str, Collection[str]], interruption: Interruption, board: Board) -> None:
        self._waiting = {name: set(needed) for name, needed in needs.items()}
        self._interruption = interruption
        self._board = board
        self._events: queue.SimpleQueue[Future[None] | _Question] = queue.SimpleQueue()
        self._failures: list[BaseException] = []
        self._running: dict[Future[None], str] = {}

    def run(self, job: Callable[[str], None]) -> None:
        """Run the job of each stack in a thread; returns when none is under way any more.

        Args:
            job: is given the stack's name.

        Raises:
            UserError: one or more failed, with what each said, or somebody interrupted.
        """
        done: set[str] = set()
        threads = max(1, len(self._waiting))
        with ThreadPoolExecutor(threads) as pool, self._interruption.listening(), self._board.shown():
            while True:
                self._start(pool, job, done)
                if not self._running:
                    break
                self._handle_next(done)
                self._tell_interruption()
        self._raise_failures()
        self._interruption.check()

    def ask(self, name: str, question: Callable[[], None]) -> None:
        """Ask in the main thread, while no other question is asked and nothing else is printed; called by jobs.

        Args:
            name: of the stack whose job asks.
            question: asks, and raises where the answer ends the deployment.

        Raises:
            Halted: nothing more is started, so it was not asked.
            BaseException: whatever the question raises; nothing more is started then.
        """
        asked = _Question(name, question)
        self._events.put(asked)
        asked.answered.wait()
        if asked.error is not None:
            raise asked.error

    @property
    def _halted(self) -> bool:
        return bool(self._failures) or self._interruption.asked

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
            event = self._events.get(timeout=_ASKED_SECONDS)
        except queue.Empty:
            return
        if isinstance(event, _Question):
            self._answer(event)
            return
        name, problem = self._running.pop(event), event.exception()
        if problem is None:
            done.add(name)
        elif not isinstance(problem, Halted) and problem not in self._failures:
            self._fail(name, problem)

    def _answer(self, question: _Question) -> None:
        if self._halted:
            question.error = Halted()
        else:
            try:
                with self._board.paused(), self._interruption.raised():
                    question.ask()
            except BaseException as problem:  # It is the job's, which raises it again.
                question.error = problem
                self._fail(question.name, problem)
        question.answered.set()

    def _fail(self, name: str, problem: BaseException) -> None:
        self._failures.append(problem)
        others = sorted(set(self._running.values()) - {name})
        if others and not self._interruption.asked:
            self._board.print(f"Nothing more is started. Under way: {', '.join(others)}.", style="yellow")

    def _tell_interruption(self) -> None:
        said = self._interruption.notice()
        if said:
            self._board.print(said, style="yellow", soft_wrap=True)

    def _raise_failures(self) -> None:
        bugs = [problem for problem in self._failures if not isinstance(problem, UserError)]
        messages = [problem.message for problem in self._failures if isinstance(problem, UserError)]
        if messages:
            raise UserError("\n".join(dict.fromkeys(messages)))
        if bugs:
            raise bugs[0]
