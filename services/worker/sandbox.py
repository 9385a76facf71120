"""Runs a program that reads strangers' files: bounded, without an environment or a network, and gone with the worker.

The limits are set by this file, run as a script that then becomes the program: setting them between
fork and exec of a process with threads can hang it (Python's documentation of ``preexec_fn``).
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

NOT_CONFINED = 125
"""Exit code of a program that was not started, because the kernel refused to confine it."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000  # linux/sched.h
_OPEN_FILES = 64
_LOOK_SECONDS = 0.001
_RSS_UNIT = 1024 if sys.platform == "linux" else 1  # getrusage(2)


class Limits(NamedTuple):
    """What a program may use."""

    cpu_seconds: int
    memory_bytes: int
    file_bytes: int


class Usage(NamedTuple):
    """What a program used; its memory is the most it held, this process's own at its start included."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int


class SandboxedProgram(subprocess.Popen[bytes]):
    """A confined program; ``usage`` tells what it used once it is gone."""

    usage = Usage(0, 0, 0)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._started = time.monotonic()
        super().__init__(*arguments, **options)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it is gone; see `subprocess.Popen.wait`, which does not tell what a program used."""
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
                time.sleep(_LOOK_SECONDS)
        return self.returncode


def start_confined(
    arguments: Sequence[str | Path],
    limits: Limits,
    *,
    directory: Path,
    stderr: IO[bytes],
    offline: bool,
    environment: Mapping[str, str] | None = None,
) -> SandboxedProgram:
    """Start a program in a process group of its own, its standard output a pipe to us.

    Args:
        arguments: the command line, from the program's path on.
        limits: what it may use; the kernel ends it when it takes more.
        directory: its working directory.
        stderr: where its messages go.
        offline: whether it is cut off from every network, this machine's loopback included. It then ends with
            ``NOT_CONFINED`` where the kernel refuses that.
        environment: its environment variables; none by default.
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


def kernel_refusal() -> str | None:
    """Why the kernel does not let programs be cut off from the network, or None where it does."""
    with tempfile.TemporaryFile() as messages:
        limits = Limits(cpu_seconds=10, memory_bytes=2**30, file_bytes=2**20)
        process = start_confined(
            [sys.executable, "-I", "-S", "-c", ""], limits, directory=Path("/"), stderr=messages, offline=True
        )
        process.communicate()
        messages.seek(0)
        said = messages.read(1000).decode(errors="replace").strip()
    return (said or f"exit code {process.returncode}") if process.returncode else None


def kill_group(process: SandboxedProgram) -> None:
    """End a program and all it started, at once, and wait until it is gone."""
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _become(parent: int, offline: bool, limits: Limits, arguments: list[str]) -> None:
    for kind, value, spare in (
        # The kernel's first word is SIGXCPU, which tells this limit from every other end.
        (resource.RLIMIT_CPU, limits.cpu_seconds, 5),
        (resource.RLIMIT_AS, limits.memory_bytes, 0),
        (resource.RLIMIT_FSIZE, limits.file_bytes, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES, 0),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        most = value + spare if hard == resource.RLIM_INFINITY else min(value + spare, hard)
        resource.setrlimit(kind, (min(value, most), most))
    if offline:
        _leave_networks()
    if sys.platform == "linux":
        # A worker that is killed takes its programs with it; else they would write on for nobody.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit("the worker is gone")
    os.execv(arguments[0], arguments)


def _leave_networks() -> None:
    """Enter a network namespace with nothing in it; the user namespace around it is what anybody may make one in."""
    libc = ctypes.CDLL(None, use_errno=True)  # os.unshare needs Python 3.12.
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        print(f"unshare: {os.strerror(ctypes.get_errno())}", file=sys.stderr)  # noqa: T201
        sys.exit(NOT_CONFINED)


if __name__ == "__main__":
    _become(int(sys.argv[1]), sys.argv[2] == "1", Limits(*map(int, sys.argv[3:6])), sys.argv[6:])
