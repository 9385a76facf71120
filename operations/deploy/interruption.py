"""What Ctrl-C and SIGTERM do to a deployment."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from workspace.errors import UserError
from workspace.processes import handle_stop_signals

AGAIN = "What was made is in the state: run the command again, and it goes on from there."

_AFTER_THESE = "Stopping when the stacks under way are done. Ctrl-C once more stops Terraform in the middle of them."
_IN_THE_MIDDLE = "Stopping Terraform in the middle of its work."


class Interruption:
    """Ctrl-C and SIGTERM.

    Told to stop, Terraform's provider gives up what it waits for, and the state does not know what becomes of that. So
    the first Ctrl-C ends the deployment after the stacks under way; a second one, or SIGTERM, stops each Terraform.
    """

    def __init__(self) -> None:
        self.asked = False
        self.now = False
        self._running: list[subprocess.Popen[bytes]] = []
        self._raises = False
        self._said = ""

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take the signals while the block runs."""
        with handle_stop_signals(self._take):
            yield

    @contextmanager
    def passed_on_to(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """Stop a process when Terraform itself is to stop while the block runs. Several may be under way."""
        self._running.append(process)
        try:
            if self.now:
                _stop(process)
            yield
        finally:
            self._running.remove(process)

    @contextmanager
    def raised(self) -> Iterator[None]:
        """Raise a UserError in the block when a signal comes, for a question would wait for its answer."""
        self._raises = True
        try:
            yield
        finally:
            self._raises = False

    def notice(self) -> str:
        """What an interruption does, once; else empty."""
        said = _IN_THE_MIDDLE if self.now else _AFTER_THESE if self.asked else ""
        if said == self._said:
            return ""
        self._said = said
        return said

    def check(self) -> None:
        """Raise when somebody asked for the end.

        Raises:
            UserError: somebody did.
        """
        if self.asked:
            raise UserError(f"Interrupted. {AGAIN}")

    def _take(self, number: int, _frame: FrameType | None) -> None:
        self.now = self.asked or number == signal.SIGTERM
        self.asked = True
        if self.now:
            # A copy: the threads that wait for them put some in and take some out meanwhile.
            for process in list(self._running):
                _stop(process)
        if self._raises:
            self._raises = False
            self.check()


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
