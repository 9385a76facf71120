"""What only one may make is held by one, and let go by its end."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from workspace.file_lock import exclusive

HOLD = """
import sys, pathlib
from workspace.file_lock import exclusive
with exclusive(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_at_a_time_is_inside(tmp_path: Path) -> None:
    inside = threading.Semaphore(1)

    def enter(_number: int) -> bool:
        with exclusive(tmp_path / "made/here.lock"):
            alone = inside.acquire(blocking=False)
            time.sleep(0.001)
            if alone:
                inside.release()
            return alone

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(enter, range(200)))


def test_who_is_killed_lets_it_go(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with ThreadPoolExecutor(1) as thread:
            waiting = thread.submit(exclusive(lock).__enter__)
            assert not waiting.done()
            holder.kill()
            waiting.result(timeout=60)
