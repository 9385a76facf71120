"""Checks of the services that the portal depends on, for people who look for a fault.

However often the results are requested, the checks run at most once in two seconds and take at most one second.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

_TIMEOUT_SECONDS = 1.0
_CACHE_SECONDS = 2.0

Check = Callable[[], object]


@dataclass(frozen=True)
class DependencyStatus:
    """Result of one check.

    Args:
        milliseconds: Duration of the check, or time waited so far.
        answer: Return value of the check; None if it failed or timed out.
        problem: Error of the check, or None.
    """

    milliseconds: int
    answer: object = None
    problem: str | None = None


class DependencyChecks:
    """Checks that run in parallel, each in its own thread.

    Args:
        checks: Functions by name; each returns an answer or raises.
    """

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._running: dict[str, tuple[float, Future[DependencyStatus]]] = {}
        self._threads = ThreadPoolExecutor(len(checks), thread_name_prefix="dependency-checks")
        self._lock = threading.Lock()
        self._results: dict[str, DependencyStatus] = {}
        self._checked_at = -_CACHE_SECONDS

    def results(self) -> dict[str, DependencyStatus]:
        """Return the result of each check, at most two seconds old."""
        with self._lock:
            if time.monotonic() - self._checked_at >= _CACHE_SECONDS:
                self._results = self._run()
                self._checked_at = time.monotonic()
            return self._results

    def _run(self) -> dict[str, DependencyStatus]:
        for name, check in self._checks.items():
            # A check that is still running is not started again: a hanging dependency blocks one thread only.
            if name not in self._running:
                self._running[name] = (time.monotonic(), self._threads.submit(_run_check, check))
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        return {name: self._result(name, deadline) for name in self._checks}

    def _result(self, name: str, deadline: float) -> DependencyStatus:
        started_at, future = self._running[name]
        try:
            status = future.result(max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            waited = time.monotonic() - started_at
            return DependencyStatus(round(waited * 1000), problem=f"no answer within {_TIMEOUT_SECONDS:g} s")
        del self._running[name]
        return status


def _run_check(check: Check) -> DependencyStatus:
    started_at = time.monotonic()
    try:
        answer, problem = check(), None
    except Exception as error:
        answer, problem = None, f"{type(error).__name__}: {error}".strip().split("\n")[0]
    return DependencyStatus(round((time.monotonic() - started_at) * 1000), answer, problem)
