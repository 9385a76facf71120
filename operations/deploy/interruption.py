"""Handling of Ctrl-C and SIGTERM during a deployment."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from workspace.errors import UserError
from workspace.processes import handle_stop_signals

RESUME_HINT = "Finished resources are in the state. Run the command again to continue."

_STOPPING_AFTER_STACKS = "Stopping after the running stacks finish. Press Ctrl-C again to stop Terraform now."
_STOPPING_TERRAFORM = "Stopping Terraform now."


class Interruption:
    """Stop requests by Ctrl-C and SIGTERM.

    When Terraform is stopped, its provider abandons pending operations, and the state does not record their results.
    The first Ctrl-C therefore lets the running stacks finish; a second one, or SIGTERM, stops every Terraform process.
    """

    def __init__(self) -> None:
        self.requested = False
        self.immediate = False
        self._processes: list[subprocess.Popen[bytes]] = []
        self._raises = False
        self._last_notice = ""

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Handle the signals while the block runs."""
        with handle_stop_signals(self._handle):
            yield

    @contextmanager
    def forwarded_to(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """Stop a process on an immediate stop request while the block runs. Several processes may be registered."""
        self._processes.append(process)
        try:
            if self.immediate:
                _stop(process)
            yield
        finally:
            self._processes.remove(process)

    @contextmanager
    def raised(self) -> Iterator[None]:
        """Raise a UserError in the block when a signal arrives, because a prompt would block until it is answered."""
        self._raises = True
        try:
            yield
        finally:
            self._raises = False

    def notice(self) -> str:
        """Return a new message about the interruption; empty if there is none or it was returned before."""
        text = _STOPPING_TERRAFORM if self.immediate else _STOPPING_AFTER_STACKS if self.requested else ""
        if text == self._last_notice:
            return ""
        self._last_notice = text
        return text

    def check(self) -> None:
        """Raise if a stop was requested.

        Raises:
            UserError: A stop was requested.
        """
        if self.requested:
            raise UserError(f"Interrupted. {RESUME_HINT}")

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        self.immediate = self.requested or number == signal.SIGTERM
        self.requested = True
        if self.immediate:
            # A copy, because other threads add and remove processes.
            for process in list(self._processes):
                _stop(process)
        if self._raises:
            self._raises = False
            self.check()


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
