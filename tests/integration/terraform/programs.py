"""Programs run to their end; one that fails or never ends shows what it said, and what the emulator said."""

from __future__ import annotations

import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from workspace.processes import last_lines, stop_tree

_SHOWN = 4000


def run(
    command: Sequence[str | Path],
    *,
    folder: Path,
    environment: Mapping[str, str],
    emulator_log: Path,
    seconds: float = 900,
) -> str:
    """What a program writes to its standard output.

    Args:
        command: the program and its arguments.
        folder: where it runs.
        environment: all of its variables.
        emulator_log: what its end is shown of when the program fails.
        seconds: after this long the program, and all it started, is stopped.

    Raises:
        AssertionError: it failed or did not end.
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
        said = _text(output)
        assert ended == "ended with code 0", "\n".join(
            [
                f"{' '.join(words)} {ended}",
                f"--- its output\n{said[-_SHOWN:]}",
                f"--- its errors\n{_text(errors)[-_SHOWN:]}",
                f"--- the emulator, {emulator_log}\n{last_lines(emulator_log, 30)}",
            ]
        )
        return said


def _text(file: IO[str]) -> str:
    file.seek(0)
    return file.read()
