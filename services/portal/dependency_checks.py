"""Asks what the portal needs whether it answers, for people who look for a fault.

However often it is asked, there is one round of questions in two seconds, and it takes at most one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

_SECONDS = 1.0
_KEPT_SECONDS = 2.0

Question = Callable[[], object]


@dataclass(frozen=True)
class DependencyStatus:
    """What came of one question.

    Args:
        milliseconds: how long the answer took, or how long was waited for it.
        answer: what was answered; None without an answer.
        problem: why there is none, or None.
    """

    milliseconds: int
    answer: object = None
    problem: str | None = None


class Inspection:
    """Questions that are asked side by side, in threads of their own.

    Args:
        questions: what to ask, by name; each returns an answer or raises.
    """

    def __init__(self, questions: Mapping[str, Question]) -> None:
        self._questions = questions
        self._asking: dict[str, tuple[float, Future[DependencyStatus]]] = {}
        self._threads = ThreadPoolExecutor(len(questions), thread_name_prefix="inspection")
        self._lock = threading.Lock()
        self._findings: dict[str, DependencyStatus] = {}
        self._found_at = -_KEPT_SECONDS

    def findings(self) -> dict[str, DependencyStatus]:
        """What came of each question, at most two seconds ago."""
        with self._lock:
            if time.monotonic() - self._found_at >= _KEPT_SECONDS:
                self._findings = self._ask()
                self._found_at = time.monotonic()
            return self._findings

    def _ask(self) -> dict[str, DependencyStatus]:
        for name, question in self._questions.items():
            # A question without an answer yet is not asked again: what hangs may hang one thread only.
            if name not in self._asking:
                self._asking[name] = (time.monotonic(), self._threads.submit(_answer, question))
        deadline = time.monotonic() + _SECONDS
        return {name: self._finding(name, deadline) for name in self._questions}

    def _finding(self, name: str, deadline: float) -> DependencyStatus:
        since, asked = self._asking[name]
        try:
            finding = asked.result(max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            waited = time.monotonic() - since
            return DependencyStatus(round(waited * 1000), problem=f"no answer within {_SECONDS:g} s")
        del self._asking[name]
        return finding


def _answer(question: Question) -> DependencyStatus:
    began = time.monotonic()
    try:
        answer, problem = question(), None
    except Exception as error:
        answer, problem = None, f"{type(error).__name__}: {error}".strip().split("\n")[0]
    return DependencyStatus(round((time.monotonic() - began) * 1000), answer, problem)
