"""``python -m services.portal`` as a separate process."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil
import requests

from services.environment import PortalEnvironment

ROOT = Path(__file__).resolve().parents[4]
PortalStarter = Callable[..., "PortalProcess"]


class PortalProcess:
    """A running portal process.

    Args:
        environment: Settings that it gets as environment variables.
        log: File for its output.
        variables: Additional environment variables.
        folder: Folder of its code.
    """

    def __init__(
        self, environment: PortalEnvironment, log: Path, variables: Mapping[str, str], *, folder: Path = ROOT
    ) -> None:
        self.url = f"http://127.0.0.1:{environment.portal_port}"
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.portal"],
                env={**os.environ, **environment.as_variables(), **variables},
                cwd=folder,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait_until_healthy(self) -> None:
        """Wait for the first successful response of /health."""
        end = time.monotonic() + 240
        while True:
            try:
                requests.get(f"{self.url}/health", timeout=5).raise_for_status()
                return
            except requests.RequestException:
                assert self.process.poll() is None and time.monotonic() < end, self.log.read_text()
                time.sleep(0.1)

    def kill(self) -> None:
        """Kill the process and its children, as a power cut would."""
        if self.process.poll() is not None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            forked = psutil.Process(self.process.pid).children(recursive=True)
            for process in (self.process, *forked):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(forked, timeout=60)
        self.process.wait()

    def log_lines(self, event: str) -> list[dict[str, Any]]:
        """Return the log lines of one event."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event]
