"""Steps that take a while: their titles, how far they are, how long they took."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

QUIET_SECONDS = 15


class Step:
    """A step that is under way.

    Args:
        title: what is being done.
        console: where it is shown.
        prefix: what its lines of progress begin with, where several steps are under way.
    """

    def __init__(self, title: str, console: Console | Board, *, prefix: str = "") -> None:
        self._title = title
        self._console = console
        self._prefix = prefix
        self._started = time.monotonic()
        self._last_line = self._started
        self._note = ""

    @property
    def seconds(self) -> float:
        """How long it has been under way."""
        return time.monotonic() - self._started

    def note(self, text: str) -> None:
        """Say how far the step is, such as "41 of 90 resources".

        A terminal shows it at once; elsewhere a line is written now and then, so that logs stay readable.
        """
        self._note = text
        if not self._console.is_terminal and time.monotonic() - self._last_line >= QUIET_SECONDS:
            self._last_line = time.monotonic()
            line = f"    {self._prefix}{self.seconds:.0f} s, {text}"
            self._console.print(line, style="dim", highlight=False, markup=False, soft_wrap=True)

    def __rich__(self) -> Spinner:
        return Spinner("dots", Text.assemble(self._title, (f"  {self.seconds:.0f} s  {self._note}", "dim")))

    def outcome(self) -> Text:
        """The line that stays when the step is done."""
        note = f", {self._note}" if self._note else ""
        return Text.assemble(("✓ ", "green"), self._title, (f"  {self.seconds:.1f} s{note}", "dim"))

    def failure(self) -> Text:
        """The line that stays when the step has failed."""
        return Text.assemble(("✗ ", "red"), self._title, (f"  {self.seconds:.1f} s", "dim"))


class Board:
    """Several steps under way at once, in threads of their own.

    A terminal shows a line for each below what is printed; elsewhere each prints its own lines.

    Args:
        console: where they are shown.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.RLock()
        self._steps: dict[int, Step] = {}
        self._live: Live | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether lines can be changed after they are printed."""
        return self._console.is_terminal

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as the console does, when no question is being asked."""
        with self._lock:
            self._console.print(*objects, **options)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the steps while the block runs."""
        if not self.is_terminal:
            yield
            return
        with Live(self, console=self._console, transient=True, refresh_per_second=8) as self._live:
            try:
                yield
            finally:
                self._live = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the console to a question while the block runs; what the steps print waits."""
        with self._lock:
            live = self._live
            if live is not None:
                live.stop()
            try:
                yield
            finally:
                if live is not None:
                    live.start(refresh=True)

    @contextmanager
    def step(self, title: str, *, name: str) -> Iterator[Step]:
        """Show a step while the block runs.

        Args:
            title: what is being done, such as "network: 24 created".
            name: what its lines of progress begin with, such as "network".
        """
        current = Step(title, self, prefix=f"{name}: ")
        self._steps[id(current)] = current
        if not self.is_terminal:
            self.print(f"… {title}", highlight=False, soft_wrap=True)
        outcome = Step.failure
        try:
            yield current
            outcome = Step.outcome
        finally:
            del self._steps[id(current)]
            self.print(outcome(current), soft_wrap=True)

    def __rich__(self) -> Group:
        return Group(*self._steps.copy().values())


@contextmanager
def step(title: str, console: Console) -> Iterator[Step]:
    """Show a step while the block runs.

    Args:
        title: what is being done, such as "Starting PostgreSQL".
        console: where it is shown.
    """
    current = Step(title, console)
    try:
        if console.is_terminal:
            with Live(current, console=console, transient=True, refresh_per_second=8):
                yield current
        else:
            console.print(f"… {title}", highlight=False, soft_wrap=True)
            yield current
    except BaseException:
        console.print(current.failure())
        raise
    console.print(current.outcome(), soft_wrap=True)
