"""Show long steps: title, progress and duration."""

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
    """A running step.

    Args:
        title: What the step does.
        console: Where it is shown.
        prefix: Prefix of its progress lines when several steps run in parallel.
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
        """Seconds since the step started."""
        return time.monotonic() - self._started

    def note(self, text: str) -> None:
        """Report progress, such as "41 of 90 resources".

        A terminal shows it at once; a log gets a line every QUIET_SECONDS at most.
        """
        self._note = text
        if not self._console.is_terminal and time.monotonic() - self._last_line >= QUIET_SECONDS:
            self._last_line = time.monotonic()
            line = f"    {self._prefix}{self.seconds:.0f} s, {text}"
            self._console.print(line, style="dim", highlight=False, markup=False, soft_wrap=True)

    def __rich__(self) -> Spinner:
        return Spinner("dots", Text.assemble(self._title, (f"  {self.seconds:.0f} s  {self._note}", "dim")))

    def outcome(self) -> Text:
        """Return the line for a completed step."""
        note = f", {self._note}" if self._note else ""
        return Text.assemble(("✓ ", "green"), self._title, (f"  {self.seconds:.1f} s{note}", "dim"))

    def failure(self) -> Text:
        """Return the line for a failed step."""
        return Text.assemble(("✗ ", "red"), self._title, (f"  {self.seconds:.1f} s", "dim"))


class Board:
    """Several steps that run in parallel threads.

    A terminal shows one live line per step below the printed output; in a log each step prints its own lines.

    Args:
        console: Where the steps are shown.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.RLock()
        self._steps: dict[int, Step] = {}
        self._live: Live | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether printed lines can be updated."""
        return self._console.is_terminal

    def print(self, *objects: Any, **options: Any) -> None:
        """Print to the console; waits while a question is open."""
        with self._lock:
            self._console.print(*objects, **options)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the steps during the block."""
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
        """Give the console to a question during the block; output of the steps waits."""
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
        """Show a step during the block.

        Args:
            title: What the step does, such as "network: 24 created".
            name: Prefix of its progress lines, such as "network".
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
    """Show a step during the block.

    Args:
        title: What the step does, such as "Starting PostgreSQL".
        console: Where it is shown.
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
