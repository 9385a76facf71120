"""Run a command and report the CPU time of all its descendants.

``python -m tools.testing.cpu_time FILE COMMAND`` writes the seconds to FILE.

The usage of a process does not include daemons that leave it, such as PostgreSQL. Here such a process becomes a
child of this one, which is a subreaper: prctl(2), PR_SET_CHILD_SUBREAPER.
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
    """Run a command to completion; return its exit code.

    Args:
        command: program and arguments.
        report: output file for the user and system CPU seconds of the command and its descendants.
    """
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    main = subprocess.Popen(command)
    # Ctrl-C also reaches the command, which then shuts down.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        pid, status = os.wait()
        if pid == main.pid:
            break
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    running = [each.cpu_times() for each in psutil.Process().children(recursive=True)]
    report.write_text(str(usage.ru_utime + usage.ru_stime + sum(each.user + each.system for each in running)))
    code = os.waitstatus_to_exitcode(status)
    # A process ended by signal N has code -N; shells report 128 + N.
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(run(sys.argv[2:], Path(sys.argv[1])))
