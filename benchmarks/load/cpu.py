"""What processes compute, which another's work beside them distorts less than what they answer in a second."""

from __future__ import annotations

from contextlib import suppress

import psutil


def seconds(pid: int) -> float:
    """Processor time that a process and all its children have used, those that ended included, in seconds."""
    main, used = psutil.Process(pid), 0.0
    for process in [main, *main.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            used += sum(process.cpu_times()[:4])
    return used
