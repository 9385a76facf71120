"""EmfMetrics for CloudWatch, as log lines in its embedded metric format (EMF): CloudWatch Logs makes metrics of them.

Specification: Amazon CloudWatch User Guide, "Specification: Embedded metric format". Every line is read by people
and by Logs Insights as well, so a measure needs no agent and no further permission.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from services.shared.telemetry import get_logger

NAMESPACE = "ANB"
FLUSH_INTERVAL_SECONDS = 60.0
_DIMENSIONS = ("environment", "service")
_WEIGHT_OF_LATEST = 0.2
_MOST_SAMPLES = 100  # EMF takes no more values of a metric in one line

log = get_logger(__name__)


class EmfMetrics:
    """What a process has counted and seen since it told last.

    Args:
        environment: name of the deployment.
        service: ``portal`` or ``worker``.
    """

    def __init__(self, environment: str, service: str) -> None:
        self._dimensions = dict(zip(_DIMENSIONS, (environment, service), strict=True))
        self._lock = threading.Lock()
        self._units: dict[str, str] = {}
        self._values: dict[str, float | list[float]] = {}
        self._averages: dict[str, float] = {}

    def count(self, name: str, amount: int = 1) -> None:
        """Count something that happened; what has been counted once is told as 0 from then on."""
        with self._lock:
            self._units[name] = "Count"
            self._values[name] = self._values.get(name, 0) + amount  # type: ignore[operator]

    def gauge(self, name: str, value: float, unit: str = "Count") -> None:
        """Tell how much there is of something; the last word before the line counts."""
        with self._lock:
            self._units[name] = unit
            self._values[name] = value

    def sample(self, name: str, value: float, unit: str = "Seconds") -> None:
        """Tell how much something took, usually how long; of many, the first hundred are told."""
        with self._lock:
            self._units[name] = unit
            known = self._averages.get(name, value)
            self._averages[name] = known + _WEIGHT_OF_LATEST * (value - known)
            samples: list[float] = self._values.setdefault(name, [])  # type: ignore[assignment]
            if len(samples) < _MOST_SAMPLES:
                samples.append(round(value, 3))

    def average(self, name: str) -> float | None:
        """What a sample is of late, the latest counting most; None before the first."""
        with self._lock:
            return self._averages.get(name)

    def take(self) -> dict[str, Any] | None:
        """What a line tells, None where there is nothing; counting begins anew."""
        with self._lock:
            told = {name: value for name, value in self._values.items() if value != []}
            self._values = {name: 0 for name, value in told.items() if self._units[name] == "Count"}
        if not told:
            return None
        metrics = [{"Name": name, "Unit": self._units[name]} for name in told]
        directive = {"Namespace": NAMESPACE, "Dimensions": [list(_DIMENSIONS)], "Metrics": metrics}
        about = {"Timestamp": round(time.time() * 1000), "CloudWatchMetrics": [directive]}
        return {"_aws": about, **self._dimensions, **told}

    def flush(self) -> None:
        """Write the line, if there is anything to flush."""
        told = self.take()
        if told is not None:
            log.info("measures", **told)
