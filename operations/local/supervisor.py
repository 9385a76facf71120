"""The supervisor: starts all programs in order, watches them, and stops them in reverse order."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

from rich.console import Console

from emulator import aws
from emulator.async_thread import EventLoopThread
from emulator.objects import list_objects, restore_objects, save_objects
from emulator.tls_proxies import CertificateAuthority, postgres_tls_proxy
from operations.local import deployment, leftovers
from operations.local.local_overrides import DatabaseTls, LocalPorts, apply_local_overrides
from operations.local.reconcile import reconcile
from operations.local.state import RUNNING, STARTING, STOPPING, StateFile, SystemState, process_record, this_process
from workspace import paths
from workspace.errors import UserError
from workspace.ports import LOOPBACK, choose_port, is_listening
from workspace.postgres import Cluster
from workspace.processes import (
    Child,
    ManagedProgram,
    ProcessEnded,
    ProcessRecord,
    handle_stop_signals,
    ignore_stop_signals,
)
from workspace.progress import step


@dataclass(frozen=True, kw_only=True)
class UpOptions:
    """Options of `up`.

    Args:
        portal_port, database_port, aws_port: TCP ports on loopback; None for a free port.
        infra: Whether to deploy all stacks with Terraform. False creates bucket, queue and secrets directly.
    """

    portal_port: int
    database_port: int | None
    aws_port: int | None
    infra: bool


class Stopped(BaseException):
    """A stop was requested: Ctrl-C, or SIGTERM from `down`."""


class Supervisor:
    """Runs the system in a folder.

    Args:
        folder: Local directory for data, logs and state.
        options: Options of `up`.
        console: Where progress is shown.
    """

    def __init__(self, folder: Path, options: UpOptions, console: Console) -> None:
        self._folder = folder
        self._options = options
        self._console = console
        self._state = StateFile(folder)
        self._children: list[Child] = []
        self._request = StopRequest()

    @contextmanager
    def up(self) -> Iterator[str]:
        """Run the system during the block; yield the portal's URL.

        Raises:
            UserError: A program cannot be started.
            Stopped: A stop was requested during the start.
        """
        with ExitStack() as stack:
            stack.enter_context(self._state.lock())
            leftovers.clean(self._state, self._folder, self._console)
            ports = self._choose_ports()
            url = f"http://{LOOPBACK}:{ports.portal_port}"
            self._state.write(
                SystemState(phase=STARTING, supervisor=this_process(), url=url, infra=self._options.infra)
            )
            stack.callback(self._state.clear)
            stack.enter_context(self._request.handle_signals())
            # Before the callback: the services keep their connections while they stop.
            tls = stack.enter_context(self._database_tls(ports.database_port))
            stack.callback(self._stop)
            try:
                self._start(replace(ports, tls=tls))
            except (ProcessEnded, TimeoutError) as error:
                raise UserError(str(error)) from None
            yield url

    def watch(self) -> None:
        """Watch the programs until a stop is requested.

        Raises:
            UserError: A program exited unexpectedly.
            Stopped: A stop was requested.
        """
        self._state.update(phase=RUNNING)
        while True:
            self._request.check()
            for child in self._children:
                try:
                    child.check()
                except ProcessEnded as error:
                    raise UserError(
                        f"{error}\nAll other programs were stopped. Full log: {child.program.log}"
                    ) from None
            time.sleep(0.5)

    def _choose_ports(self) -> LocalPorts:
        options = self._options
        return LocalPorts(
            portal_port=choose_port(options.portal_port, option="--port", purpose="the portal"),
            database_port=choose_port(options.database_port, option="--database-port", purpose="PostgreSQL"),
            aws_port=choose_port(options.aws_port, option="--aws-port", purpose="the AWS emulator"),
        )

    @contextmanager
    def _database_tls(self, port: int) -> Iterator[DatabaseTls]:
        """Serve the database over TLS, as RDS does, with a certificate of an authority of this run."""
        authority = CertificateAuthority()
        ca_file = self._folder / "database-ca.pem"
        ca_file.write_text(authority.certificate)
        listener = socket.create_server((LOOPBACK, 0))
        certificate = authority.server_context([LOOPBACK])
        with EventLoopThread() as loop, postgres_tls_proxy(loop, listener, certificate, port):
            yield DatabaseTls(port=listener.getsockname()[1], ca_file=ca_file)

    def _start(self, ports: LocalPorts) -> None:
        cluster = Cluster(
            directory=self._folder / "postgres",
            port=ports.database_port,
            password=read_or_create_password(self._folder / "postgres.password"),
        )
        with step("Starting PostgreSQL", self._console):
            cluster.create()
            self._register(cluster.start(log=self._log("database")), ports.database_port)
        with step("Starting the AWS emulator", self._console):
            self._register(aws.start(ports.aws_port, log=self._log("aws")), ports.aws_port)

        origins = [f"http://{host}:{ports.portal_port}" for host in (LOOPBACK, "localhost")]
        deployed = (
            deployment.deploy_with_terraform(
                self._folder, ports.aws_port, self._console, {"ANB_PORTAL_ORIGINS": ",".join(origins)}
            )
            if self._options.infra
            else deployment.deploy_without_terraform(ports.aws_port, self._console, upload_origins=origins)
        )
        bucket = deployed.portal["MEDIA_BUCKET"]
        self._state.update(bucket=bucket)
        portal = apply_local_overrides(deployed.portal, ports)
        worker = apply_local_overrides(deployed.worker, ports)
        s3 = aws.client("s3", ports.aws_port)

        with step("Migrating the database", self._console) as current:
            credentials = deployment.database_credentials(ports.aws_port, portal["DATABASE_SECRET_ARN"])
            cluster.ensure_role(credentials.username, credentials.password)
            cluster.ensure_database(portal["DATABASE_NAME"], owner=credentials.username)
            migration = Child(self._service("migrations", "services.shared.migrate", portal, "up"))
            migration.wait_until(migration.has_finished, seconds=120)
            restored = restore_objects(s3, bucket, self._folder / "objects")
            keys = {key for key, _ in list_objects(s3, bucket)}
            reconciled = reconcile(cluster.url(portal["DATABASE_NAME"]), keys)
            notes = [f"{restored} objects restored"] if restored else []
            notes += [f"{reconciled.removed} unplayable videos removed"] if reconciled.removed else []
            notes += [f"{reconciled.requeued} videos requeued"] if reconciled.requeued else []
            current.note(", ".join(notes))
        with step("Starting the portal and the worker", self._console):
            self._register(Child(self._service("worker", "services.worker", worker)))
            portal_child = self._register(Child(self._service("portal", "services.portal", portal)), ports.portal_port)
            portal_child.wait_until(lambda: is_listening(ports.portal_port), seconds=60)

    def _service(self, name: str, module: str, variables: Mapping[str, str], *arguments: str) -> ManagedProgram:
        search = [str(paths.ROOT), os.environ.get("PYTHONPATH", "")]
        return ManagedProgram(
            name=name,
            arguments=[sys.executable, "-m", module, *arguments],
            log=self._log(name),
            environment={
                **aws.without_aws(os.environ),
                **variables,
                "PYTHONPATH": os.pathsep.join(path for path in search if path),
                "PYTHONUNBUFFERED": "1",
            },
            directory=self._folder,
        )

    def _log(self, name: str) -> Path:
        return log_file(self._folder, name)

    def _register(self, child: Child, port: int | None = None) -> Child:
        self._children.append(child)
        self._request.check()
        state = self._state.read()
        children = dict(state.children) if state else {}
        children[child.name] = process_record(child.pid, port)
        self._state.update(children=children)
        return child

    def _stop(self) -> None:
        """Stop the services before their dependencies; save the bucket before stopping its server."""
        ignore_stop_signals()
        state = self._state.update(phase=STOPPING)
        servers = {child.name: child for child in self._children}
        with step("Stopping everything", self._console) as current:
            for name in ("portal", "worker"):
                if name in servers:
                    servers[name].stop()
            if state.bucket and "aws" in servers:
                current.note(self._save_objects(state.bucket, state.children["aws"]))
            for name in ("aws", "database"):
                if name in servers:
                    servers[name].stop()

    def _save_objects(self, bucket: str, embedded: ProcessRecord) -> str:
        if embedded.port is None or not embedded.alive:
            return "the AWS emulator had exited; videos created since the start are lost"
        count = save_objects(aws.client("s3", embedded.port), bucket, self._folder / "objects")
        return f"{count} objects saved"


class StopRequest:
    """Raises Stopped on SIGINT and SIGTERM, and remembers the request.

    Python discards an exception raised in a destructor, and a signal may arrive during one.
    """

    def __init__(self) -> None:
        self._requested = False

    @contextmanager
    def handle_signals(self) -> Iterator[None]:
        """Handle the signals during the block."""
        with handle_stop_signals(self._on_signal):
            yield

    def check(self) -> None:
        """Raise Stopped if a stop was requested."""
        if self._requested:
            raise Stopped

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._requested = True
        ignore_stop_signals()
        raise Stopped


def read_or_create_password(file: Path) -> str:
    """Read the superuser's password of this folder's cluster; generate it on first use, readable by its owner only."""
    try:
        return file.read_text()
    except FileNotFoundError:
        password = secrets.token_urlsafe(24)
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            new.write(password)
        return password


def log_file(folder: Path, name: str) -> Path:
    """Return the log file of a program."""
    return folder / "logs" / f"{name}.log"
