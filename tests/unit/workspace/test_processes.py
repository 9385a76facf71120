"""Children stop together with their descendants; an unexpected exit reports the log."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil
import pytest

from workspace.processes import Child, ManagedProgram, ProcessEnded, is_running, last_lines, start_time


def program(tmp_path: Path, code: str) -> ManagedProgram:
    return ManagedProgram(
        name="sample", arguments=[sys.executable, "-c", code], log=tmp_path / "logs/log", environment=dict(os.environ)
    )


FAMILY = """
import pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "pid").write_text(str(child.pid))
time.sleep(600)
"""


def test_unexpected_exit_includes_the_end_of_the_log(tmp_path: Path) -> None:
    child = Child(program(tmp_path, "print('the reason'); raise SystemExit(3)"))
    with pytest.raises(ProcessEnded, match=r"sample ended with code 3.\nthe reason") as ended:
        child.wait_until(lambda: False, seconds=30)
    assert (ended.value.name, ended.value.code) == ("sample", 3)


def test_child_that_is_never_ready_times_out(tmp_path: Path) -> None:
    child = Child(program(tmp_path, "import time; time.sleep(600)"))
    with pytest.raises(TimeoutError, match="sample was not ready after 0.2 s"):
        child.wait_until(lambda: False, seconds=0.2)
    child.stop()


def test_failed_child_raises_process_ended(tmp_path: Path) -> None:
    child = Child(program(tmp_path, "print('done')"))
    child.wait_until(child.has_finished, seconds=30)
    failing = Child(program(tmp_path, "raise SystemExit(1)"))
    with pytest.raises(ProcessEnded):
        failing.wait_until(failing.has_finished, seconds=30)


def test_stop_kills_grandchildren_in_other_sessions(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    child = Child(program(tmp_path, FAMILY.replace('"pid"', repr(str(pid_file)))))
    child.wait_until(lambda: pid_file.exists() and pid_file.read_text() != "", seconds=30)
    grandchild = psutil.Process(int(pid_file.read_text()))
    child.stop()
    assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE
    assert start_time(child.pid) is None


def test_child_that_ignores_the_signal_is_killed(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    code = "import pathlib, signal, time; signal.signal(15, signal.SIG_IGN);"
    code += f"pathlib.Path({str(ready)!r}).touch(); time.sleep(600)"
    child = Child(program(tmp_path, code))
    child.wait_until(ready.exists, seconds=30)
    child.stop(grace_seconds=0.2)
    assert start_time(child.pid) is None


def test_ctrl_c_in_the_terminal_does_not_reach_children(tmp_path: Path) -> None:
    child = Child(program(tmp_path, "import time; time.sleep(600)"))
    assert os.getpgid(child.pid) != os.getpgrp()
    child.stop()


def test_reused_pid_is_another_process() -> None:
    started = start_time(os.getpid())
    assert started is not None
    assert is_running(os.getpid(), started)
    assert not is_running(os.getpid(), started - 100)


def test_a_clock_step_does_not_change_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    started = start_time(os.getpid())
    booted = psutil.boot_time()
    # The kernel computes the boot time from the clock.
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: booted + 1)
    assert started is not None
    assert is_running(os.getpid(), started)


def test_last_lines_of_a_missing_log_are_empty(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("\n".join(map(str, range(100))))
    assert last_lines(tmp_path / "log", 2) == "98\n99"
    assert last_lines(tmp_path / "none") == ""
