"""A PostgreSQL server that a test may kill, every process of it at once, and start again."""

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


class MortalDatabase:
    """A server that keeps what it acknowledged (fsync on), with every migration applied.

    Args:
        folder: gets its data and its log.
    """

    def __init__(self, folder: Path) -> None:
        self._log = folder / "postgres.log"
        self.cluster = Cluster(directory=folder / "data", port=free_port(), password=secrets.token_urlsafe(16))
        self.cluster.create()
        self._server = self.cluster.start(log=self._log)
        with psycopg.connect(self.cluster.url(NAME)) as connection:
            upgrade(connection, read_migrations())

    def engine(self) -> Engine:
        """An engine that notices when the server was away."""
        return create_engine(self.cluster.url(NAME).replace("postgresql://", DRIVER_URL, 1), pool_pre_ping=True)

    def kill(self) -> None:
        """End it as a power cut does."""
        postmaster = psutil.Process(self._server.pid)
        # Held first: what it started between the list and the kill would live on, and hold a lock for ever.
        postmaster.suspend()
        family = [postmaster, *postmaster.children(recursive=True)]
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._server.stop()
        psutil.wait_procs(family, timeout=30)

    def start(self) -> None:
        """Start it again; it recovers from its log first."""
        end = time.monotonic() + 60
        while True:
            try:
                self._server = self.cluster.start(log=self._log)
                return
            except ProcessEnded:
                # For a moment the memory it shared is still held.
                if time.monotonic() > end:
                    raise

    def stop(self) -> None:
        """End it for good."""
        self._server.stop(grace_seconds=0)
