"""A program that fails or hangs in this lane says why."""

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


def test_the_output_alone_is_given_back(tmp_path: Path, emulator_log: Path) -> None:
    said = run(
        ["sh", "-c", "echo answer; echo noise >&2"], folder=tmp_path, environment=os.environ, emulator_log=emulator_log
    )

    assert said == "answer\n"


@pytest.mark.parametrize(
    ("end", "seconds", "told"),
    [("exit 3", 900, "ended with code 3"), ("sleep 3600 & echo $! > pid; wait", 2, "did not end within 2 s")],
    ids=["fails", "hangs"],
)
def test_what_it_and_the_emulator_said_is_shown(
    tmp_path: Path, emulator_log: Path, end: str, seconds: float, told: str
) -> None:
    command = ["sh", "-c", f"echo half of it; echo what is wrong >&2; {end}"]

    with pytest.raises(AssertionError) as error:
        run(command, folder=tmp_path, environment=os.environ, emulator_log=emulator_log, seconds=seconds)

    message = str(error.value)
    assert told in message
    assert "half of it\n" in message
    assert "what is wrong\n" in message
    assert "POST /clusters 500" in message
    if (tmp_path / "pid").exists():
        assert not psutil.pid_exists(int((tmp_path / "pid").read_text())), "what it started is stopped too"
