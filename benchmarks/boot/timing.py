"""Measures the time from the start of an instance's container until it works, step by step."""

from __future__ import annotations

import http.client
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.boot.groups import PORTAL, WORKER
from emulator.request_recorder import RecordedRequest

if TYPE_CHECKING:
    from benchmarks.boot.region import BootedInstance, Region

RECEIVE = "AmazonSQS.ReceiveMessage"
TOTALS = {PORTAL: "first healthy answer", WORKER: "first receive"}
_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True)
class Boot:
    """Timing of one boot.

    Args:
        service: PORTAL or WORKER.
        moments: seconds from the start of the container to each event.
    """

    service: str
    moments: dict[str, float]

    @property
    def total(self) -> float:
        """Seconds until the service worked."""
        return self.moments[TOTALS[self.service]]


def measure(region: Region, service: str) -> Boot:
    """Boot an instance, wait until its service works, and stop it.

    Args:
        region: region of the instance.
        service: PORTAL or WORKER.

    Raises:
        TimeoutError: the service did not work within five minutes.
    """
    instance = region.launch(service)
    try:
        working_at = _healthy_at if service == PORTAL else _received_at
        worked_at = _wait(instance, lambda: working_at(region, instance))
        if instance.launching:
            instance.launching.wait(seconds=_SECONDS)
        return Boot(service=service, moments=_moments(region, instance, worked_at))
    finally:
        instance.machine.stop()


def medians(boots: Sequence[Boot]) -> dict[str, float]:
    """Return the median of each event of one service's boots, in seconds after the start, in order of time."""
    names = [name for name in boots[0].moments if all(name in boot.moments for boot in boots)]
    found = {name: round(statistics.median(boot.moments[name] for boot in boots), 2) for name in names}
    return dict(sorted(found.items(), key=lambda event: event[1]))


def render_table(boots: Sequence[Boot]) -> str:
    """Render the median of each event as Markdown, in order of time.

    Args:
        boots: boots of one service.
    """
    lines = ["| | seconds after the start | duration |", "| --- | ---: | ---: |"]
    previous = 0.0
    for name, median in medians(boots).items():
        lines.append(f"| {name} | {median:.2f} | {median - previous:.2f} |")
        previous = median
    return "\n".join(lines)


def sizes(region: Region, service: str) -> str:
    """Describe the size of a service's release, by part."""
    parts = region.release.parts[service]
    by_part = ", ".join(f"{name} {part.bytes / 1e6:.2f}" for name, part in parts.items())
    return f"Its release is {sum(part.bytes for part in parts.values()) / 1e6:.2f} MB, compressed: {by_part}."


def _moments(region: Region, instance: BootedInstance, worked_at: float) -> dict[str, float]:
    address, started = instance.identity.address, instance.machine.started_at
    fetched = [
        request.at for request in region.metadata.requests if (request.address, request.path) == (address, "user-data")
    ]
    calls = region.recorder.of(address)
    events = {
        "cloud-init has the user-data": min(fetched, default=None),
        "the release is requested": _first(calls, lambda call: call.action.startswith("GET /releases/")),
        "the service reads its first secret": _first(calls, lambda call: call.action.endswith(".GetSecretValue")),
        TOTALS[instance.group.service]: worked_at,
        "Auto Scaling is notified": instance.launching.completed_at if instance.launching else None,
    }
    return {name: at - started for name, at in events.items() if at is not None}


def _first(calls: Sequence[RecordedRequest], matches: Callable[[RecordedRequest], bool]) -> float | None:
    return next((call.at for call in calls if matches(call)), None)


def _wait(instance: BootedInstance, occurred_at: Callable[[], float | None]) -> float:
    times: list[float] = []

    def occurred() -> bool:
        at = occurred_at()
        if at is not None:
            times.append(at)
        return at is not None

    instance.machine.wait_until(occurred, condition=TOTALS[instance.group.service], seconds=_SECONDS)
    return times[0]


def _healthy_at(region: Region, instance: BootedInstance) -> float | None:
    connection = http.client.HTTPConnection(instance.identity.address, timeout=5)
    with suppress(OSError, http.client.HTTPException):
        connection.sock = region.connect(instance.identity.address)
        connection.request("GET", "/health")
        if connection.getresponse().status == 200:
            return time.time()
    connection.close()
    return None


def _received_at(region: Region, instance: BootedInstance) -> float | None:
    call = region.recorder.first(instance.identity.address, RECEIVE)
    return call.at if call else None
