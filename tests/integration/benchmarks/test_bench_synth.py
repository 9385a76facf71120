"""`./anb bench synth`: a real synth, timed by part."""

from __future__ import annotations

import pytest

from benchmarks.command import CPU_TIME, TOTAL, run_synth


def test_parts_add_up_to_the_whole_synth() -> None:
    run = run_synth({"ANB_ENVIRONMENT": "production"})

    assert run.resources >= 60
    parts = {name: seconds for name, seconds in run.parts.items() if name not in (TOTAL, CPU_TIME)}
    assert {"import constructs_lib", "settings, checked", "build", "synth"} <= set(parts)
    assert all(seconds > 0 for seconds in parts.values())
    assert sum(parts.values()) == pytest.approx(run.parts[TOTAL])
