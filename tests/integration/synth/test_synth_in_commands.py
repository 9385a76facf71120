"""A command that synthesizes, as people run it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from workspace import paths


def test_a_synth_within_a_command_is_silent_about_node(tmp_path: Path) -> None:
    simulated = subprocess.run(
        [sys.executable, "-m", "operations", "simulate", "calm-day", "--pictures", tmp_path],
        cwd=paths.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Reading the workers of production" in simulated.stderr
    assert "node:" not in simulated.stderr and "Warning" not in simulated.stderr
