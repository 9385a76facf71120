"""Child processes in their own process groups with a log file each, and handlers for stop signals."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import psutil

STOP_SECONDS = 20
"""Seconds a program may take to exit after the stop signal before it is killed."""

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""Signals that ask a command to stop: Ctrl-C and SIGTERM."""


class ProcessEnded(Exception):
    """A child process exited unexpectedly.

    Args:
        name: Name of the program.
        code: Exit code; a negative value is the number of the signal that ended it.
        log: Last lines of its log.
    """

    def __init__(self, name: str, code: int, log: str) -> None:
        super().__init__(f"{name} ended with code {code}.\n{log}")
        self.name = name
        self.code = code
        self.log = log


@dataclass(frozen=True, kw_only=True)
class ManagedProgram:
    """A program to run.

    Args:
        name: Display name: database, aws, portal, worker.
        arguments: Command line.
        log: File that the output is appended to.
        environment: Complete environment variables.
        directory: Working directory. Default: the parent's.
        stop_signal: Signal that makes it finish its work and exit.
        before_exec: Function that runs in the child just before the program.
    """

    name: str
    arguments: Sequence[str | Path]
    log: Path
    environment: Mapping[str, str]
    directory: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    before_exec: Callable[[], None] | None = None


class Child:
    """A running program.

    It runs in its own process group, so Ctrl-C in the terminal does not reach it; the supervisor stops it.
    """

    def __init__(self, program: ManagedProgram) -> None:
        self.program = program
        program.log.parent.mkdir(parents=True, exist_ok=True)
        with program.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(argument) for argument in program.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(program.environment),
                cwd=program.directory,
                start_new_session=True,
                preexec_fn=program.before_exec,
            )

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def pid(self) -> int:
        return self._process.pid

    def check(self) -> None:
        """Raise ProcessEnded when the program is no longer running."""
        code = self._process.poll()
        if code is not None:
            raise ProcessEnded(self.name, code, last_lines(self.program.log))

    def wait_until(self, ready: Callable[[], bool], *, seconds: float) -> None:
        """Wait until the program is ready.

        Args:
            ready: Readiness check, called ten times a second.
            seconds: Timeout in seconds.

        Raises:
            ProcessEnded: The program exited first.
            TimeoutError: The program was not ready in time.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} was not ready after {seconds:g} s.\n{last_lines(self.program.log)}")
            time.sleep(0.1)

    def has_finished(self) -> bool:
        """Whether the program has exited with code 0.

        Raises:
            ProcessEnded: It exited with another code.
        """
        if self._process.poll() == 0:
            return True
        self.check()
        return False

    def stop(self, *, grace_seconds: float = STOP_SECONDS) -> None:
        """Stop the program and its descendants.

        Args:
            grace_seconds: Seconds to finish its work before it is killed.
        """
        stop_tree(self.pid, self.program.stop_signal, grace_seconds=grace_seconds)
        self._process.wait()


def stop_tree(leader: int, stop_signal: signal.Signals, *, grace_seconds: float) -> None:
    """Stop a process and its descendants.

    Args:
        leader: PID of the process; the only one that receives the signal.
        stop_signal: Signal to send.
        grace_seconds: Seconds until the process and all remaining descendants are killed.
    """
    try:
        process = psutil.Process(leader)
        # List descendants before the signal: orphans get a new parent.
        family = [process, *process.children(recursive=True)]
        process.send_signal(stop_signal)
    except psutil.NoSuchProcess:
        return
    psutil.wait_procs([process], timeout=grace_seconds)
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    psutil.wait_procs(family, timeout=10)


def start_time(pid: int) -> float | None:
    """Return when a process started, in seconds since the machine's boot; None if it is gone.

    PID and start time identify a process. The time of day would not: each step of the clock moves it.
    """
    try:
        if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return None
        # psutil adds the boot time, which the kernel computes anew from the clock. The name may contain spaces.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        return None
    return int(fields[19]) / os.sysconf("SC_CLK_TCK")


def is_running(pid: int, started: float) -> bool:
    """Whether the process with this PID and start time still runs (PIDs are reused)."""
    return start_time(pid) == started


def last_lines(log: Path, count: int = 15) -> str:
    """Return the last lines of a log file."""
    try:
        with log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 64 * 1024))  # plain-english: allow
            return "\n".join(file.read().decode(errors="replace").splitlines()[-count:])
    except FileNotFoundError:
        return ""


@dataclass(frozen=True)
class ProcessRecord:
    """A process, identified by its PID and start time."""

    pid: int
    started: float
    port: int | None = None

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return is_running(self.pid, self.started)


@contextlib.contextmanager
def handle_stop_signals(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Handle SIGINT and SIGTERM with a function during the block.

    Args:
        handler: Called with the signal's number and the stack frame, as by ``signal.signal``.
    """
    previous = {number: signal.signal(number, handler) for number in _STOP_SIGNALS}
    try:
        yield
    finally:
        for number, former in previous.items():
            signal.signal(number, former)


def ignore_stop_signals() -> None:
    """Ignore SIGINT and SIGTERM from now on, because the command is already stopping."""
    for number in _STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
