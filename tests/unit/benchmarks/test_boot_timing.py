"""The table of boot timings."""

from __future__ import annotations

from benchmarks.boot.groups import WORKER
from benchmarks.boot.timing import Boot, render_table


def boot(requested: float, received: float, notified: float | None) -> Boot:
    moments = {"the release is requested": requested, "first receive": received}
    return Boot(
        service=WORKER, moments=moments if notified is None else {**moments, "Auto Scaling is notified": notified}
    )


def test_table_has_medians_in_order_of_time() -> None:
    lines = render_table([boot(1, 4, 5), boot(2, 9, 11), boot(3, 5, 6)]).splitlines()
    assert lines == [
        "| | seconds after the start | duration |",
        "| --- | ---: | ---: |",
        "| the release is requested | 2.00 | 2.00 |",
        "| first receive | 5.00 | 3.00 |",
        "| Auto Scaling is notified | 6.00 | 1.00 |",
    ]


def test_events_missing_in_a_boot_are_left_out() -> None:
    assert "Auto Scaling" not in render_table([boot(1, 4, 5), boot(2, 9, None)])


def test_total_ends_when_service_works() -> None:
    assert boot(1, 4, 5).total == 4
