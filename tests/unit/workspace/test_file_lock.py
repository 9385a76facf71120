"""One holder at a time; a killed process releases the lock."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from workspace.file_lock import lock

HOLD = """
import sys, pathlib
from workspace.file_lock import lock
with lock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_only_one_thread_holds_the_lock(tmp_path: Path) -> None:
    holder_slot = threading.Semaphore(1)

    def enter(_number: int) -> bool:
        with lock(tmp_path / "new folder/file.lock"):
            alone = holder_slot.acquire(blocking=False)
            time.sleep(0.001)
            if alone:
                holder_slot.release()
            return alone

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(enter, range(200)))


def test_killed_process_releases_the_lock(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with ThreadPoolExecutor(1) as thread:
            waiting = thread.submit(lock(file).__enter__)
            assert not waiting.done()
            holder.kill()
            waiting.result(timeout=60)
