"""`anb bench`: real synths, timed part by part; medians and a ratio."""

from __future__ import annotations

import pytest

from operations.bench import PROCESSOR, TOTAL, Synth, run_synth, table
from operations.errors import UserError


def test_a_synth_is_the_whole_app_and_its_parts_are_its_whole() -> None:
    run = run_synth({"ANB_ENVIRONMENT": "production"})

    assert run.resources >= 60
    parts = {name: seconds for name, seconds in run.parts.items() if name not in (TOTAL, PROCESSOR)}
    assert {"import constructs_lib", "settings, checked", "build", "synth"} <= set(parts)
    assert all(seconds > 0 for seconds in parts.values())
    assert sum(parts.values()) == pytest.approx(run.parts[TOTAL])


def test_a_synth_that_fails_is_told_in_the_apps_words() -> None:
    with pytest.raises(UserError, match="could not be synthesized:\n(.|\n)*ANB_API_MIN_SIZE"):
        run_synth({"ANB_API_MIN_SIZE": "0"})


def test_the_table_holds_medians_and_their_ratio() -> None:
    def runs(*seconds: float) -> list[Synth]:
        return [Synth(parts={"build": each / 2, TOTAL: each, PROCESSOR: each * 1.5}, resources=79) for each in seconds]

    first, _, *rest = table(runs(2, 1, 9), runs(24, 90, 22)).splitlines()
    assert first == "79 resources; medians of 3 runs of each, in turn, in seconds."
    assert rest == [
        "",
        "| | as built | shims off |",
        "| --- | ---: | ---: |",
        "| build | 1.000 | 12.000 |",
        "| whole process | 2.000 | 24.000 |",
        "| processor time, all cores | 3.000 | 36.000 |",
        "",
        "12.0 times as fast, with 12.0 times less work.",
    ]
