"""One supervisor at a time; what it says survives it, the lock does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from operations.local.state import RUNNING, STARTING, STOPPING, StateFile, SystemState, this_process
from workspace.errors import UserError
from workspace.processes import ProcessRecord


def state(phase: str) -> SystemState:
    return SystemState(phase=phase, supervisor=this_process(), url="http://127.0.0.1:8080", infra=True)


def test_what_is_written_is_read(tmp_path: Path) -> None:
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
        (STOPPING, "It is just being stopped"),
    ],
)
def test_a_second_supervisor_hears_what_the_first_is_doing(tmp_path: Path, phase: str, message: str) -> None:
    with StateFile(tmp_path).own():
        StateFile(tmp_path).write(state(phase))
        with pytest.raises(UserError, match=message), StateFile(tmp_path).own():
            pass
    with StateFile(tmp_path).own():
        pass


def test_a_file_that_is_broken_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{")
    with pytest.raises(UserError, match=r"state.json cannot be read; remove it"):
        StateFile(tmp_path).read()


def test_a_process_that_is_gone_is_not_alive() -> None:
    me = this_process()
    assert me.alive
    assert not ProcessRecord(me.pid, me.started - 1000).alive
