"""The one process that starts everything in order, watches it, and stops it in the reverse order."""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from rich.console import Console

from emulator import aws
from emulator.objects import list_objects, restore_objects, save_objects
from operations.local import deployment, leftovers
from operations.local.local_overrides import LocalPorts, on_this_machine
from operations.local.reconcile import reconcile
from operations.local.state import RUNNING, STARTING, STOPPING, StateFile, SystemState, member, this_process
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
    """What the user asked for.

    Args:
        portal_port, database_port, aws_port: TCP ports on loopback; None takes a free one.
        infra: deploy all stacks with Terraform; False makes bucket, queue and secrets directly.
    """

    portal_port: int
    database_port: int | None
    aws_port: int | None
    infra: bool


class Stopped(BaseException):
    """Somebody asked for the end: Ctrl-C, or SIGTERM from `down`."""


class Supervisor:
    """Runs the system in a folder.

    Args:
        folder: gets data, logs and state.
        options: what the user asked for.
        console: where the progress is shown.
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
        """Everything is up while the block runs; gives the portal's URL.

        Raises:
            UserError: something cannot be started.
            Stopped: somebody asked for the end while it was starting.
        """
        with ExitStack() as stack:
            stack.enter_context(self._state.own())
            leftovers.clean(self._state, self._folder, self._console)
            here = self._choose_ports()
            url = f"http://{LOOPBACK}:{here.portal_port}"
            self._state.write(
                SystemState(phase=STARTING, supervisor=this_process(), url=url, infra=self._options.infra)
            )
            stack.callback(self._state.clear)
            stack.enter_context(self._request.listening())
            stack.callback(self._stop)
            try:
                self._start(here)
            except (ProcessEnded, TimeoutError) as problem:
                raise UserError(str(problem)) from None
            yield url

    def watch(self) -> None:
        """Wait until somebody asks for the end.

        Raises:
            UserError: a program ended by itself.
            Stopped: somebody asked.
        """
        self._state.update(phase=RUNNING)
        while True:
            self._request.check()
            for child in self._children:
                try:
                    child.check()
                except ProcessEnded as problem:
                    raise UserError(
                        f"{problem}\nEverything else was stopped. The whole log is in {child.program.log}."
                    ) from None
            time.sleep(0.5)

    def _choose_ports(self) -> LocalPorts:
        options = self._options
        return LocalPorts(
            portal_port=choose_port(options.portal_port, option="--port", purpose="the portal"),
            database_port=choose_port(options.database_port, option="--database-port", purpose="PostgreSQL"),
            aws_port=choose_port(options.aws_port, option="--aws-port", purpose="the embedded AWS"),
        )

    def _start(self, here: LocalPorts) -> None:
        cluster = Cluster(
            directory=self._folder / "postgres",
            port=here.database_port,
            password=kept_password(self._folder / "postgres.password"),
        )
        with step("Starting PostgreSQL", self._console):
            cluster.create()
            self._keep(cluster.start(log=self._log("database")), here.database_port)
        with step("Starting the embedded AWS", self._console):
            self._keep(aws.start(here.aws_port, log=self._log("aws")), here.aws_port)

        deployed = (
            deployment.with_terraform(self._folder, here.aws_port, self._console)
            if self._options.infra
            else deployment.without_terraform(here.aws_port, self._console)
        )
        bucket = deployed.portal["MEDIA_BUCKET"]
        self._state.update(bucket=bucket)
        portal = on_this_machine(deployed.portal, here)
        worker = on_this_machine(deployed.worker, here)
        s3 = aws.client("s3", here.aws_port)

        with step("Bringing the database to this version", self._console) as current:
            credentials = deployment.database_credentials(here.aws_port, portal["DATABASE_SECRET_ARN"])
            cluster.ensure_role(credentials.username, credentials.password)
            cluster.ensure_database(portal["DATABASE_NAME"], owner=credentials.username)
            migration = Child(self._service("migrations", "services.shared.migrate", portal, "up"))
            migration.wait_until(migration.has_finished, seconds=120)
            restored = restore_objects(s3, bucket, self._folder / "objects")
            keys = {key for key, _ in list_objects(s3, bucket)}
            done = reconcile(cluster.url(portal["DATABASE_NAME"]), keys)
            notes = [f"{restored} objects restored"] if restored else []
            notes += [f"{done.removed} unplayable videos removed"] if done.removed else []
            notes += [f"{done.sent_again} videos processed again"] if done.sent_again else []
            current.note(", ".join(notes))
        with step("Starting the portal and the worker", self._console):
            self._keep(Child(self._service("worker", "services.worker", worker)))
            front = self._keep(Child(self._service("portal", "services.portal", portal)), here.portal_port)
            front.wait_until(lambda: is_listening(here.portal_port), seconds=60)

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

    def _keep(self, child: Child, port: int | None = None) -> Child:
        self._children.append(child)
        self._request.check()
        state = self._state.read()
        children = dict(state.children) if state else {}
        children[child.name] = member(child.pid, port)
        self._state.update(children=children)
        return child

    def _stop(self) -> None:
        """The services first: what they use must outlive them. The bucket is saved before its server ends."""
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
            return "the embedded AWS had ended, so videos made since the start are lost"
        count = save_objects(aws.client("s3", embedded.port), bucket, self._folder / "objects")
        return f"{count} objects kept"


class StopRequest:
    """SIGINT and SIGTERM, as an exception at once and as a fact that lasts.

    Python drops an exception raised while it cleans an object up, and a signal may arrive just then.
    """

    def __init__(self) -> None:
        self._asked = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take the signals while the block runs."""
        with handle_stop_signals(self._take):
            yield

    def check(self) -> None:
        """Raise Stopped when somebody asked for the end."""
        if self._asked:
            raise Stopped

    def _take(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
        ignore_stop_signals()
        raise Stopped


def kept_password(file: Path) -> str:
    """The superuser's password of this folder's cluster, made when it is first asked for; its owner alone reads it."""
    try:
        return file.read_text()
    except FileNotFoundError:
        password = secrets.token_urlsafe(24)
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            new.write(password)
        return password


def log_file(folder: Path, name: str) -> Path:
    """Where a program's output goes."""
    return folder / "logs" / f"{name}.log"
