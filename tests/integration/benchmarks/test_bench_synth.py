"""`anb bench`: real synths, timed part by part; medians and a ratio."""

from __future__ import annotations

import pytest

from benchmarks.command import PROCESSOR, TOTAL, run_synth


def test_a_synth_is_the_whole_app_and_its_parts_are_its_whole() -> None:
    run = run_synth({"ANB_ENVIRONMENT": "production"})

    assert run.resources >= 60
    parts = {name: seconds for name, seconds in run.parts.items() if name not in (TOTAL, PROCESSOR)}
    assert {"import constructs_lib", "settings, checked", "build", "synth"} <= set(parts)
    assert all(seconds > 0 for seconds in parts.values())
    assert sum(parts.values()) == pytest.approx(run.parts[TOTAL])
