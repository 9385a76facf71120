"""Runs a command and reports the CPU time of all its descendants.

``python -m tools.testing.cpu_time FILE COMMAND`` writes the seconds to FILE.

A daemon that leaves its parent, such as PostgreSQL, is not counted in its parent's usage. Here such a process
becomes a child of this one, which the kernel calls a subreaper: prctl(2), PR_SET_CHILD_SUBREAPER.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import psutil

_PR_SET_CHILD_SUBREAPER = 36


def run(command: list[str], report: Path) -> int:
    """Run a command to its end; returns its exit code.

    Args:
        command: with its arguments.
        report: gets the CPU seconds, user and system, of the command and everything it started.
    """
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    main = subprocess.Popen(command)
    # Ctrl-C reaches the command itself, which then ends in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        pid, status = os.wait()
        if pid == main.pid:
            break
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    running = [each.cpu_times() for each in psutil.Process().children(recursive=True)]
    report.write_text(str(usage.ru_utime + usage.ru_stime + sum(each.user + each.system for each in running)))
    code = os.waitstatus_to_exitcode(status)
    # A process ended by a signal has a negative code, which a shell writes as 128 and more.
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(run(sys.argv[2:], Path(sys.argv[1])))
