"""Steps that take a while: their titles, how far they are, how long they took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

QUIET_SECONDS = 15


class Step:
    """A step that is under way.

    Args:
        title: what is being done.
        console: where it is shown.
    """

    def __init__(self, title: str, console: Console) -> None:
        self._title = title
        self._console = console
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
            self._console.print(f"    {self.seconds:.0f} s, {text}", style="dim", highlight=False, soft_wrap=True)

    def __rich__(self) -> Spinner:
        return Spinner("dots", Text.assemble(self._title, (f"  {self.seconds:.0f} s  {self._note}", "dim")))

    def outcome(self) -> Text:
        """The line that stays when the step is done."""
        note = f", {self._note}" if self._note else ""
        return Text.assemble(("✓ ", "green"), self._title, (f"  {self.seconds:.1f} s{note}", "dim"))


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
        console.print(Text.assemble(("✗ ", "red"), title, (f"  {current.seconds:.1f} s", "dim")))
        raise
    console.print(current.outcome(), soft_wrap=True)
