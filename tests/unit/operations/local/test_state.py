"""One supervisor at a time; its state survives it, its lock does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from operations.local.state import RUNNING, STARTING, STOPPING, StateFile, SystemState, this_process
from workspace.errors import UserError
from workspace.processes import ProcessRecord


def state(phase: str) -> SystemState:
    return SystemState(phase=phase, supervisor=this_process(), url="http://127.0.0.1:8080", infra=True)


def test_state_is_read_as_written(tmp_path: Path) -> None:
    file = StateFile(tmp_path)
    assert file.read() is None
    file.write(state(STARTING))
    changed = file.update(phase=RUNNING, children={"aws": ProcessRecord(1, 2.0, 3)})
    assert file.read() == changed
    assert changed.children["aws"].port == 3
    file.clear()
    assert file.read() is None


@pytest.mark.parametrize(
    ("phase", "message"),
    [
        (STARTING, "Another ./anb up is starting"),
        (RUNNING, "Already up at http://127.0.0.1:8080. ./anb down stops it"),
        (STOPPING, "It is being stopped"),
    ],
)
def test_second_supervisor_reports_the_phase_of_the_first(tmp_path: Path, phase: str, message: str) -> None:
    with StateFile(tmp_path).lock():
        StateFile(tmp_path).write(state(phase))
        with pytest.raises(UserError, match=message), StateFile(tmp_path).lock():
            pass
    with StateFile(tmp_path).lock():
        pass


def test_unreadable_file_raises_user_error(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{")
    with pytest.raises(UserError, match=r"state.json cannot be read; remove it"):
        StateFile(tmp_path).read()


def test_reused_pid_is_not_alive() -> None:
    me = this_process()
    assert me.alive
    assert not ProcessRecord(me.pid, me.started - 1000).alive
