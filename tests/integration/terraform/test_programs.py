"""A program that fails or hangs in this lane shows why."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest
from programs import run


@pytest.fixture
def emulator_log(tmp_path: Path) -> Path:
    log = tmp_path / "moto.log"
    log.write_text("POST /clusters 500\n")
    return log


def test_only_standard_output_is_returned(tmp_path: Path, emulator_log: Path) -> None:
    output = run(
        ["sh", "-c", "echo answer; echo noise >&2"], folder=tmp_path, environment=os.environ, emulator_log=emulator_log
    )

    assert output == "answer\n"


@pytest.mark.parametrize(
    ("end", "seconds", "reason"),
    [("exit 3", 900, "ended with code 3"), ("sleep 3600 & echo $! > pid; wait", 2, "did not end within 2 s")],
    ids=["fails", "hangs"],
)
def test_failure_shows_output_of_program_and_emulator(
    tmp_path: Path, emulator_log: Path, end: str, seconds: float, reason: str
) -> None:
    command = ["sh", "-c", f"echo partial result; echo error message >&2; {end}"]

    with pytest.raises(AssertionError) as error:
        run(command, folder=tmp_path, environment=os.environ, emulator_log=emulator_log, seconds=seconds)

    message = str(error.value)
    assert reason in message
    assert "partial result\n" in message
    assert "error message\n" in message
    assert "POST /clusters 500" in message
    if (tmp_path / "pid").exists():
        assert not psutil.pid_exists(int((tmp_path / "pid").read_text())), "its children are stopped, too"
