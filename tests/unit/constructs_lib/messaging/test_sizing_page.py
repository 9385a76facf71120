"""docs/sizing.md matches the code."""

from __future__ import annotations

import pathlib
import re
from datetime import timedelta

import pytest

from constructs_lib.foundation.errors import ConstructError
from constructs_lib.messaging.sizing import size_queue, size_workers
from stacks.settings.model import Settings

PAGE = (pathlib.Path(__file__).parents[4] / "docs/sizing.md").read_text()


def column(number: int) -> dict[str, str]:
    """A column of the page's table, by row."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line[:1] == "|"]
    return {cells[0]: cells[number] for cells in rows[2:]}


@pytest.mark.parametrize("number", [2, 3])
def test_table_matches_the_sizing(number: int) -> None:
    cells = column(number)
    job, typical_job, latency = (
        float(cells[f"given: `{name}`"].removesuffix(" s"))
        for name in ("max_job", "seconds_per_job", "acceptable_latency")
    )
    queue = size_queue("page", max_job=timedelta(seconds=job))
    workers = size_workers("page", queue, seconds_per_job=typical_job, acceptable_latency=timedelta(seconds=latency))

    computed = {
        "visibility timeout": queue.visibility_timeout,
        "heartbeat": queue.heartbeat,
        "dead-letter retention": queue.dead_letter_retention,
        "backlog per instance": workers.backlog_per_instance,
        "stop timeout": queue.stop_timeout,
        "terminate timeout": workers.terminate_timeout,
        "launch timeout": workers.launch_timeout,
        "oldest message alarm": workers.oldest_message_alarm,
    }
    assert {name: text for name, text in cells.items() if not name.startswith("given")} == {
        name: f"{value.total_seconds():g} s".replace("1.2096e+06", "1209600")
        if isinstance(value, timedelta)
        else str(value).removesuffix(".0")
        for name, value in computed.items()
    }


def test_second_example_has_the_default_settings() -> None:
    settings, cells = Settings(), column(3)

    assert cells["given: `max_job`"] == f"{settings.max_job_seconds} s"
    assert cells["given: `seconds_per_job`"] == f"{settings.worker_seconds_per_video} s"
    assert cells["given: `acceptable_latency`"] == f"{settings.worker_acceptable_wait} s"


def test_error_on_the_page_is_the_raised_one() -> None:
    (error,) = re.findall(r"^    (shop/workers: .*)$", PAGE, re.MULTILINE)
    with pytest.raises(ConstructError) as caught:
        size_workers(
            "shop/workers",
            size_queue("shop/jobs", max_job=timedelta(minutes=15)),
            seconds_per_job=25,
            acceptable_latency=timedelta(seconds=20),
        )
    assert str(caught.value) == error
