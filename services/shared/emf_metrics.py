"""CloudWatch metrics as log lines in the embedded metric format (EMF); CloudWatch Logs extracts the metrics.

Specification: Amazon CloudWatch User Guide, "Specification: Embedded metric format". The metrics need no agent and no
further permission, and Logs Insights can query the lines.
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
_MAX_SAMPLES = 100  # EMF's limit of values per metric in a line

log = get_logger(__name__)


class EmfMetrics:
    """Metrics that a process has collected since its last line.

    Args:
        environment: Name of the deployment.
        service: ``portal`` or ``worker``.
    """

    def __init__(self, environment: str, service: str) -> None:
        self._dimensions = dict(zip(_DIMENSIONS, (environment, service), strict=True))
        self._lock = threading.Lock()
        self._units: dict[str, str] = {}
        self._values: dict[str, float | list[float]] = {}
        self._averages: dict[str, float] = {}

    def count(self, name: str, amount: int = 1) -> None:
        """Increase a counter. Once counted, it is in every line, as 0 if nothing happened."""
        with self._lock:
            self._units[name] = "Count"
            self._values[name] = self._values.get(name, 0) + amount  # type: ignore[operator]

    def gauge(self, name: str, value: float, unit: str = "Count") -> None:
        """Set a gauge. A line contains its last value."""
        with self._lock:
            self._units[name] = unit
            self._values[name] = value

    def sample(self, name: str, value: float, unit: str = "Seconds") -> None:
        """Add a sample, usually a duration. A line contains the first hundred."""
        with self._lock:
            self._units[name] = unit
            known = self._averages.get(name, value)
            self._averages[name] = known + _WEIGHT_OF_LATEST * (value - known)
            samples: list[float] = self._values.setdefault(name, [])  # type: ignore[assignment]
            if len(samples) < _MAX_SAMPLES:
                samples.append(round(value, 3))

    def average(self, name: str) -> float | None:
        """Return the exponential moving average of a metric's samples. None before the first."""
        with self._lock:
            return self._averages.get(name)

    def take(self) -> dict[str, Any] | None:
        """Return the content of a line and reset the metrics. None if there are no values."""
        with self._lock:
            values = {name: value for name, value in self._values.items() if value != []}
            self._values = {name: 0 for name, value in values.items() if self._units[name] == "Count"}
        if not values:
            return None
        metrics = [{"Name": name, "Unit": self._units[name]} for name in values]
        directive = {"Namespace": NAMESPACE, "Dimensions": [list(_DIMENSIONS)], "Metrics": metrics}
        about = {"Timestamp": round(time.time() * 1000), "CloudWatchMetrics": [directive]}
        return {"_aws": about, **self._dimensions, **values}

    def flush(self) -> None:
        """Log a line with the metrics, if there are values."""
        line = self.take()
        if line is not None:
            log.info("measures", **line)
