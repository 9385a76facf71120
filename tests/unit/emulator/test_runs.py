"""Everything a run created is removed, whether it ended or was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from emulator.runs import EmulatorRun, clean_stale_runs, open_run
from workspace import paths
from workspace.processes import start_time


def test_closing_a_run_removes_its_processes_and_folder(tmp_path: Path) -> None:
    with open_run(tmp_path) as run, subprocess.Popen(["sleep", "600"]) as child:
        run.track(child.pid)
        assert run.folder.is_dir()
        run_folder = run.folder
        os.kill(child.pid, 0)
        clean_stale_runs(tmp_path)
        assert child.poll() is None  # The owner is alive.
        child.send_signal(signal.SIGTERM)
    assert not run_folder.exists()


_KILLED = """
import os, pathlib, subprocess, sys
from emulator.runs import EmulatorRun
run = EmulatorRun(pathlib.Path(sys.argv[1]) / "anb-killed")
child = subprocess.Popen(["sleep", "600"], start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
run.track(child.pid)
print(child.pid, flush=True)
os.kill(os.getpid(), 9)
"""


def test_killed_run_is_cleaned_up(tmp_path: Path) -> None:
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
    assert clean_stale_runs(tmp_path) == 1
    assert start_time(child) is None
    assert list(tmp_path.iterdir()) == []


def test_run_has_the_name_of_its_folder(tmp_path: Path) -> None:
    assert EmulatorRun(tmp_path / "anb-1").name == "anb-1"
