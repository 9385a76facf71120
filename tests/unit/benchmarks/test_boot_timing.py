"""What a boot's time is made of, as people read it."""

from __future__ import annotations

from benchmarks.boot.groups import WORKER
from benchmarks.boot.timing import Boot, table


def boot(asked: float, received: float, told: float | None) -> Boot:
    moments = {"the release is asked for": asked, "first receive": received}
    return Boot(service=WORKER, moments=moments if told is None else {**moments, "Auto Scaling is told": told})


def test_the_table_holds_medians_in_the_order_of_time_and_what_each_took() -> None:
    lines = table([boot(1, 4, 5), boot(2, 9, 11), boot(3, 5, 6)]).splitlines()
    assert lines == [
        "| | seconds after the start | seconds of its own |",
        "| --- | ---: | ---: |",
        "| the release is asked for | 2.00 | 2.00 |",
        "| first receive | 5.00 | 3.00 |",
        "| Auto Scaling is told | 6.00 | 1.00 |",
    ]


def test_what_was_not_seen_in_every_boot_is_left_out() -> None:
    assert "Auto Scaling" not in table([boot(1, 4, 5), boot(2, 9, None)])


def test_a_boot_lasts_until_the_service_works() -> None:
    assert boot(1, 4, 5).total == 4
