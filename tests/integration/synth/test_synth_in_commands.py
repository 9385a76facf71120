"""Commands that synthesize."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from workspace import paths


def test_command_with_a_synth_prints_no_node_warnings(tmp_path: Path) -> None:
    simulated = subprocess.run(
        [sys.executable, "-m", "operations", "simulate", "calm-day", "--pictures", tmp_path],
        cwd=paths.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Reading the workers of production" in simulated.stderr
    assert "node:" not in simulated.stderr and "Warning" not in simulated.stderr
