"""A PostgreSQL server that a test can kill, with all its processes, and restart."""

from __future__ import annotations

import contextlib
import secrets
import time
from pathlib import Path

import psutil
import psycopg
from sqlalchemy import Engine, create_engine

from services.shared.database import DRIVER_URL
from services.shared.migrate import read_migrations, upgrade
from workspace.ports import free_port
from workspace.postgres import Cluster
from workspace.processes import ProcessEnded

NAME = "postgres"


class KillablePostgres:
    """A durable server (fsync on) with every migration applied.

    Args:
        folder: folder for data and log.
    """

    def __init__(self, folder: Path) -> None:
        self._log = folder / "postgres.log"
        self.cluster = Cluster(directory=folder / "data", port=free_port(), password=secrets.token_urlsafe(16))
        self.cluster.create()
        self._server = self.cluster.start(log=self._log)
        with psycopg.connect(self.cluster.url(NAME)) as connection:
            upgrade(connection, read_migrations())

    def engine(self) -> Engine:
        """Create an engine that detects a restarted server."""
        return create_engine(self.cluster.url(NAME).replace("postgresql://", DRIVER_URL, 1), pool_pre_ping=True)

    def kill(self) -> None:
        """Kill all its processes at once, like a power cut."""
        postmaster = psutil.Process(self._server.pid)
        # Suspended first, so that it cannot start a process between the list and the kill.
        postmaster.suspend()
        family = [postmaster, *postmaster.children(recursive=True)]
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._server.stop()
        psutil.wait_procs(family, timeout=30)

    def start(self) -> None:
        """Restart it and wait for its crash recovery."""
        end = time.monotonic() + 60
        while True:
            try:
                self._server = self.cluster.start(log=self._log)
                return
            except ProcessEnded:
                # Its shared memory is released with a delay.
                if time.monotonic() > end:
                    raise

    def stop(self) -> None:
        """Stop it."""
        self._server.stop(grace_seconds=0)
