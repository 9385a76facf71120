"""What a run made is gone after it, whether it ended or was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from emulator.runs import EmulatorRun, open_run, sweep
from workspace import paths
from workspace.processes import start_time


def test_a_run_takes_its_processes_and_its_folder_along(tmp_path: Path) -> None:
    with open_run(tmp_path) as run, subprocess.Popen(["sleep", "600"]) as child:
        run.remember(child.pid)
        assert run.folder.is_dir()
        run_folder = run.folder
        os.kill(child.pid, 0)
        sweep(tmp_path)
        assert child.poll() is None  # its owner lives
        child.send_signal(signal.SIGTERM)
    assert not run_folder.exists()


_KILLED = """
import os, pathlib, subprocess, sys
from emulator.runs import Run
run = Run(pathlib.Path(sys.argv[1]) / "anb-killed")
child = subprocess.Popen(["sleep", "600"], start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
run.remember(child.pid)
print(child.pid, flush=True)
os.kill(os.getpid(), 9)
"""


def test_the_next_run_cleans_up_after_one_that_was_killed(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", _KILLED, tmp_path],
        env={**os.environ, "PYTHONPATH": str(paths.ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == -signal.SIGKILL
    child = int(result.stdout)
    assert start_time(child) is not None
    assert sweep(tmp_path) == 1
    assert start_time(child) is None
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_named_by_its_folder(tmp_path: Path) -> None:
    assert EmulatorRun(tmp_path / "anb-1").name == "anb-1"
