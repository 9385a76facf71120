"""Child processes: started in a group of their own, waited for, stopped in order, with a log each."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

STOP_SECONDS = 20
"""How long a program may take to end once it is told to; then it is killed."""


class ProcessEnded(Exception):
    """A child ended although it should go on running.

    Args:
        name: which child.
        code: its exit code; negative is the number of the signal that ended it.
        log: its last lines.
    """

    def __init__(self, name: str, code: int, log: str) -> None:
        super().__init__(f"{name} ended with code {code}.\n{log}")
        self.name = name
        self.code = code
        self.log = log


@dataclass(frozen=True, kw_only=True)
class ManagedProgram:
    """What to run.

    Args:
        name: what people call it: database, aws, portal, worker.
        arguments: the command line.
        log: file its output is appended to.
        environment: all of its environment variables.
        directory: its working directory.
        stop_signal: what makes it finish its work and end.
        before_exec: runs in the child just before the program does.
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

    A group of its own keeps the terminal's Ctrl-C away from it: the supervisor decides who stops when.
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
        """Wait for the program to be ready.

        Args:
            ready: asked ten times a second.
            seconds: after this long the program is taken for broken.

        Raises:
            ProcessEnded: when it ends instead.
            TimeoutError: when it takes too long.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} was not ready after {seconds:g} s.\n{last_lines(self.program.log)}")
            time.sleep(0.1)

    def finished(self) -> bool:
        """Whether the program ended without an error.

        Raises:
            ProcessEnded: when it ended with one.
        """
        if self._process.poll() == 0:
            return True
        self.check()
        return False

    def stop(self, *, grace_seconds: float = STOP_SECONDS) -> None:
        """End the program and everything it started.

        Args:
            grace_seconds: how long it may finish its work before it is killed.
        """
        stop_tree(self.pid, self.program.stop_signal, grace_seconds=grace_seconds)
        self._process.wait()


def stop_tree(leader: int, stop_signal: signal.Signals, *, grace_seconds: float) -> None:
    """End a process and everything it started.

    Args:
        leader: pid of the process; it is asked to end with the signal, and to end its own children.
        stop_signal: what it is asked with.
        grace_seconds: after this long it, and whatever it left behind, is killed.
    """
    try:
        process = psutil.Process(leader)
        # Looked up before: orphans no longer say whose they were.
        family = [process, *process.children(recursive=True)]
        process.send_signal(stop_signal)
    except psutil.NoSuchProcess:
        return
    psutil.wait_procs([process], timeout=grace_seconds)
    for left in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            left.kill()
    psutil.wait_procs(family, timeout=10)


def start_time(pid: int) -> float | None:
    """When a process started, in seconds since the epoch; with its pid it names the process for good. None: gone."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.NoSuchProcess:
        return None


def is_running(pid: int, started: float) -> bool:
    """Whether the very process that had this pid then still runs (pids are used again)."""
    now = start_time(pid)
    return now is not None and abs(now - started) < 1


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log file."""
    try:
        with log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 64 * 1024))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-count:])
    except FileNotFoundError:
        return ""


@dataclass(frozen=True)
class ProcessRecord:
    """A process, identified by its pid and start time."""

    pid: int
    started: float
    port: int | None = None

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return is_running(self.pid, self.started)
