"""How long an instance takes from the start of its container to its work, and what the time is made of."""

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
    """One boot.

    Args:
        service: PORTAL or WORKER.
        moments: what happened, and how many seconds after the container was started.
    """

    service: str
    moments: dict[str, float]

    @property
    def total(self) -> float:
        """Seconds until it worked."""
        return self.moments[TOTALS[self.service]]


def measure(region: Region, service: str) -> Boot:
    """Boot an instance of a service, wait until it works, and end it.

    Args:
        region: where it boots.
        service: PORTAL or WORKER.

    Raises:
        TimeoutError: it did not work in five minutes.
    """
    instance = region.launch(service)
    try:
        works = _is_healthy if service == PORTAL else _has_received
        worked = _wait(instance, lambda: works(region, instance))
        if instance.launching:
            instance.launching.wait(seconds=_SECONDS)
        return Boot(service=service, moments=_moments(region, instance, worked))
    finally:
        instance.machine.stop()


def table(boots: Sequence[Boot]) -> str:
    """The medians of one service's boots, in order of time, as Markdown.

    Args:
        boots: of one service.
    """
    names = [name for name in boots[0].moments if all(name in boot.moments for boot in boots)]
    medians = {name: statistics.median(boot.moments[name] for boot in boots) for name in names}
    lines = ["| | seconds after the start | seconds of its own |", "| --- | ---: | ---: |"]
    before = 0.0
    for name, median in sorted(medians.items(), key=lambda each: each[1]):
        lines.append(f"| {name} | {median:.2f} | {median - before:.2f} |")
        before = median
    return "\n".join(lines)


def sizes(region: Region, service: str) -> str:
    """What a service's instances fetch, in MB, part by part."""
    parts = region.release.parts[service]
    each = ", ".join(f"{name} {part.bytes / 1e6:.2f}" for name, part in parts.items())
    return f"Its release is {sum(part.bytes for part in parts.values()) / 1e6:.2f} MB, compressed: {each}."


def _moments(region: Region, instance: BootedInstance, worked: float) -> dict[str, float]:
    address, started = instance.identity.address, instance.machine.started_at
    asked = [each.at for each in region.metadata.requests if each.address == address and each.path == "user-data"]
    calls = region.recorder.of(address)
    seen = {
        "cloud-init has the user-data": min(asked, default=None),
        "the release is asked for": _first(calls, lambda call: call.action.startswith("GET /releases/")),
        "the service reads its first secret": _first(calls, lambda call: call.action.endswith(".GetSecretValue")),
        TOTALS[instance.group.service]: worked,
        "Auto Scaling is told": instance.launching.completed_at if instance.launching else None,
    }
    return {name: at - started for name, at in seen.items() if at is not None}


def _first(calls: Sequence[RecordedRequest], wanted: Callable[[RecordedRequest], bool]) -> float | None:
    return next((call.at for call in calls if wanted(call)), None)


def _wait(instance: BootedInstance, moment: Callable[[], float | None]) -> float:
    found: list[float] = []

    def came() -> bool:
        at = moment()
        if at is not None:
            found.append(at)
        return at is not None

    instance.machine.wait_until(came, condition=TOTALS[instance.group.service], seconds=_SECONDS)
    return found[0]


def _is_healthy(region: Region, instance: BootedInstance) -> float | None:
    connection = http.client.HTTPConnection(instance.identity.address, timeout=5)
    with suppress(OSError, http.client.HTTPException):
        connection.sock = region.connect(instance.identity.address)
        connection.request("GET", "/health")
        if connection.getresponse().status == 200:
            return time.time()
    connection.close()
    return None


def _has_received(region: Region, instance: BootedInstance) -> float | None:
    call = region.recorder.first(instance.identity.address, RECEIVE)
    return call.at if call else None
