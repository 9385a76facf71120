"""The gunicorn server with the portal's settings."""

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
from services.portal.server.gunicorn_arbiter import Arbiter, wait_until_ready
from services.portal.server.gunicorn_worker import PortalWorker, max_connections
from services.portal.server.shared_flags import SharedFlags
from services.shared.service_manager import ServiceManager

_SHARED_MEMORY = Path("/dev/shm")


class SharedLogger(Logger):  # type: ignore[misc]
    """A gunicorn logger that writes to the portal's own log, as JSON lines."""

    def setup(self, cfg: Config) -> None:
        """Pass every record to the root logger's handler."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class PortalServer(BaseApplication):  # type: ignore[misc]
    """gunicorn with the portal's settings.

    Args:
        environment: Environment of the instance.
    """

    def __init__(self, environment: PortalEnvironment) -> None:
        self._environment = environment
        self._flags = SharedFlags()
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn's settings and hooks."""
        hooks = {"post_worker_init": self._start_threads, "child_exit": _remove_metrics}
        for name, value in {**settings(self._environment), **hooks}.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Create the application; each worker creates its own, so that no connection is shared across a fork."""
        return create_app(self._environment, is_draining=lambda: self._flags.is_draining)

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT; then exit the process."""
        master = os.getpid()
        # Folder of the metrics files, in shared memory if there is any. prometheus_client reads the variable.
        metrics = os.environ[FOLDER_VARIABLE] = tempfile.mkdtemp(prefix="anb-metrics-", dir=_shared_memory())
        try:
            Arbiter(
                self,
                manager=ServiceManager.from_variables(os.environ),
                flags=self._flags,
                drain_seconds=self._environment.drain_seconds,
            ).run()
        finally:
            # Forked workers run this block too.
            if os.getpid() == master:
                shutil.rmtree(metrics, ignore_errors=True)

    def _start_threads(self, worker: Worker) -> None:
        """Start a worker's background threads."""
        Scheduler(worker.app.wsgi()).start()
        arguments = (self._environment.portal_host, self._environment.portal_port, self._flags)
        threading.Thread(target=wait_until_ready, args=arguments, name="readiness", daemon=True).start()


def _shared_memory() -> str | None:
    return str(_SHARED_MEMORY) if _SHARED_MEMORY.is_dir() else None


def _remove_metrics(_: object, worker: Worker) -> None:
    """Remove the gauges of a process that ended."""
    from prometheus_client import multiprocess  # reads the folder's variable when it is imported

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def settings(environment: PortalEnvironment) -> dict[str, Any]:
    """Return gunicorn's settings for an environment."""
    return {
        "bind": f"{environment.portal_host}:{environment.portal_port}",
        "worker_class": PortalWorker,
        "workers": multiprocessing.cpu_count(),
        "threads": PORTAL_THREADS,
        "worker_connections": max_connections(),
        # Longer than the load balancer's; otherwise it would reuse connections that gunicorn has closed.
        "keepalive": PORTAL_KEEP_ALIVE_SECONDS,
        "graceful_timeout": PORTAL_REQUEST_SECONDS,
        # The heartbeat of a worker is a file; on a slow disk it would block.
        "worker_tmp_dir": _shared_memory(),
        "control_socket_disable": True,
        "logger_class": SharedLogger,
    }
