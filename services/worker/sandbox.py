"""Runs a program that reads untrusted files: resource limits, empty environment, no network, killed with the worker.

This file, run as a script, sets the limits and then executes the program: setting them between fork and exec of a
threaded process can deadlock (Python's documentation of ``preexec_fn``).
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

NOT_SANDBOXED = 125
"""Exit code if the program was not started because the kernel refused the network namespace."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000  # linux/sched.h
_OPEN_FILES = 64
_POLL_SECONDS = 0.001
_RSS_UNIT = 1024 if sys.platform == "linux" else 1  # getrusage(2)


class Limits(NamedTuple):
    """Resource limits of a program."""

    cpu_seconds: int
    memory_bytes: int
    file_bytes: int


class Usage(NamedTuple):
    """Resources used by a program; its peak memory includes that of this process at the fork."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int


class SandboxedProgram(subprocess.Popen[bytes]):
    """A sandboxed program; ``usage`` is set once it has ended."""

    usage = Usage(0, 0, 0)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._started = time.monotonic()
        super().__init__(*arguments, **options)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end of the program and record its usage; see `subprocess.Popen.wait`, which does not."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.returncode is None:
            pid, status, used = os.wait4(self.pid, 0 if deadline is None else os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
                seconds = time.monotonic() - self._started
                self.usage = Usage(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * _RSS_UNIT)
            elif deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            else:
                time.sleep(_POLL_SECONDS)
        return self.returncode


def start_sandboxed(
    arguments: Sequence[str | Path],
    limits: Limits,
    *,
    directory: Path,
    stderr: IO[bytes],
    offline: bool,
    environment: Mapping[str, str] | None = None,
) -> SandboxedProgram:
    """Start a program in a new process group, with standard output as a pipe.

    Args:
        arguments: command line; starts with the absolute path of the program.
        limits: resource limits, enforced by the kernel.
        directory: working directory.
        stderr: file for standard error.
        offline: whether to run without any network, loopback included. The program exits with ``NOT_SANDBOXED`` if
            the kernel refuses.
        environment: environment variables; none by default.
    """
    return SandboxedProgram(
        [sys.executable, "-I", "-S", "-B", __file__]
        + [str(os.getpid()), str(int(offline)), *map(str, limits)]
        + [str(argument) for argument in arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        cwd=directory,
        env=dict(environment or {}),
        process_group=0,
    )


def isolation_error() -> str | None:
    """Return why the kernel refuses to run programs without network; None if it allows it."""
    with tempfile.TemporaryFile() as stderr:
        limits = Limits(cpu_seconds=10, memory_bytes=2**30, file_bytes=2**20)
        process = start_sandboxed(
            [sys.executable, "-I", "-S", "-c", ""], limits, directory=Path("/"), stderr=stderr, offline=True
        )
        process.communicate()
        stderr.seek(0)
        message = stderr.read(1000).decode(errors="replace").strip()
    return (message or f"exit code {process.returncode}") if process.returncode else None


def kill_group(process: SandboxedProgram) -> None:
    """Kill a program and its children, and wait for its end."""
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _exec_with_limits(parent: int, offline: bool, limits: Limits, arguments: list[str]) -> None:
    for kind, value, spare in (
        # The soft limit sends SIGXCPU, which identifies this limit; the hard limit kills.
        (resource.RLIMIT_CPU, limits.cpu_seconds, 5),
        (resource.RLIMIT_AS, limits.memory_bytes, 0),
        (resource.RLIMIT_FSIZE, limits.file_bytes, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES, 0),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        new_hard = value + spare if hard == resource.RLIM_INFINITY else min(value + spare, hard)
        resource.setrlimit(kind, (min(value, new_hard), new_hard))
    if offline:
        _enter_empty_network_namespace()
    if sys.platform == "linux":
        # The kernel kills the program when the worker dies.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit("the worker is gone")
    os.execv(arguments[0], arguments)


def _enter_empty_network_namespace() -> None:
    """Enter an empty network namespace, within a new user namespace, so that no privilege is needed."""
    libc = ctypes.CDLL(None, use_errno=True)  # os.unshare needs Python 3.12.
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        print(f"unshare: {os.strerror(ctypes.get_errno())}", file=sys.stderr)  # noqa: T201
        sys.exit(NOT_SANDBOXED)


if __name__ == "__main__":
    _exec_with_limits(int(sys.argv[1]), sys.argv[2] == "1", Limits(*map(int, sys.argv[3:6])), sys.argv[6:])
