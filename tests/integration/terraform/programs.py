"""Run programs; a failure or a timeout shows their output and the emulator's."""

from __future__ import annotations

import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from workspace.processes import last_lines, stop_tree

_MAX_SHOWN = 4000


def run(
    command: Sequence[str | Path],
    *,
    folder: Path,
    environment: Mapping[str, str],
    emulator_log: Path,
    seconds: float = 900,
) -> str:
    """Run a program and return its standard output.

    Args:
        command: program and arguments.
        folder: working directory.
        environment: all environment variables.
        emulator_log: log whose last lines are shown if the program fails.
        seconds: timeout, after which the program and its children are stopped.

    Raises:
        AssertionError: the program failed or did not end.
    """
    words = [str(word) for word in command]
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            words,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
        try:
            code = process.wait(timeout=seconds)
            ended = f"ended with code {code}"
        except subprocess.TimeoutExpired:
            stop_tree(process.pid, signal.SIGTERM, grace_seconds=10)
            code, ended = process.wait(), f"did not end within {seconds:g} s"
        printed = _text(output)
        assert ended == "ended with code 0", "\n".join(
            [
                f"{' '.join(words)} {ended}",
                f"--- its output\n{printed[-_MAX_SHOWN:]}",
                f"--- its errors\n{_text(errors)[-_MAX_SHOWN:]}",
                f"--- the emulator, {emulator_log}\n{last_lines(emulator_log, 30)}",
            ]
        )
        return printed


def _text(file: IO[str]) -> str:
    file.seek(0)
    return file.read()
