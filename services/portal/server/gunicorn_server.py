"""gunicorn, set up for the portal."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.base import Worker

from services.environment import (
    PORTAL_KEEP_ALIVE_SECONDS,
    PORTAL_REQUEST_SECONDS,
    PORTAL_THREADS,
    PortalEnvironment,
)
from services.portal import create_app
from services.portal.metrics import FOLDER_VARIABLE
from services.portal.scheduler import Scheduler
from services.portal.server.gunicorn_arbiter import Arbiter, wait_until_it_answers
from services.portal.server.gunicorn_worker import PortalWorker, most_connections
from services.portal.server.shared_flags import SharedFlags
from services.shared.service_manager import ServiceManager

_SHARED_MEMORY = Path("/dev/shm")


class SharedLogger(Logger):  # type: ignore[misc]
    """gunicorn's messages among the portal's own, as JSON lines."""

    def setup(self, cfg: Config) -> None:
        """Hand every record to the process's own handler."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class PortalServer(BaseApplication):  # type: ignore[misc]
    """gunicorn with the portal's settings.

    Args:
        environment: what the instance was given.
    """

    def __init__(self, environment: PortalEnvironment) -> None:
        self._environment = environment
        self._gate = SharedFlags()
        super().__init__()

    def load_config(self) -> None:
        """Tell gunicorn how to run."""
        hooks = {"post_worker_init": self._begin, "child_exit": _forget}
        for name, value in {**settings(self._environment), **hooks}.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application; each worker makes its own, so that no connection is shared by a fork."""
        return create_app(self._environment, is_closing=lambda: self._gate.closing)

    def run(self) -> None:
        """Serve until told to stop; ends the process."""
        master = os.getpid()
        # The processes' metrics, in memory where there is some to share. The library reads the variable.
        metrics = os.environ[FOLDER_VARIABLE] = tempfile.mkdtemp(prefix="anb-metrics-", dir=_shared_memory())
        try:
            Arbiter(
                self,
                manager=ServiceManager.from_variables(os.environ),
                gate=self._gate,
                drain_seconds=self._environment.drain_seconds,
            ).run()
        finally:
            # The workers it forks leave through here as well.
            if os.getpid() == master:
                shutil.rmtree(metrics, ignore_errors=True)

    def _begin(self, worker: Worker) -> None:
        """Start what a worker does beside serving."""
        Scheduler(worker.app.wsgi()).start()
        at = (self._environment.portal_host, self._environment.portal_port, self._gate)
        threading.Thread(target=wait_until_it_answers, args=at, name="readiness", daemon=True).start()


def _shared_memory() -> str | None:
    return str(_SHARED_MEMORY) if _SHARED_MEMORY.is_dir() else None


def _forget(_: object, worker: Worker) -> None:
    """Let what a process that ended had in hand count no longer."""
    from prometheus_client import multiprocess  # after the folder was made, which it looks for

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def settings(environment: PortalEnvironment) -> dict[str, Any]:
    return {
        "bind": f"{environment.portal_host}:{environment.portal_port}",
        "worker_class": PortalWorker,
        "workers": multiprocessing.cpu_count(),
        "threads": PORTAL_THREADS,
        "worker_connections": most_connections(),
        # Longer than the load balancer's, or it would reuse connections that are closed already.
        "keepalive": PORTAL_KEEP_ALIVE_SECONDS,
        "graceful_timeout": PORTAL_REQUEST_SECONDS,
        # A worker's sign of life is a file; on a disk it would wait for the disk.
        "worker_tmp_dir": _shared_memory(),
        "control_socket_disable": True,
        "logger_class": SharedLogger,
    }
