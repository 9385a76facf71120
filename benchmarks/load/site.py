"""A portal under load: its own PostgreSQL with fsync on, the embedded AWS, gunicorn; gone after the bench."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from rich.console import Console

from benchmarks.load import dataset, original
from emulator import aws
from operations.local.deployment import database_credentials, deploy_without_terraform
from operations.local.local_overrides import LocalPorts, apply_local_overrides
from services.portal.accounts.passwords import hash_password
from services.shared.migrate import read_migrations, upgrade
from workspace import paths
from workspace.errors import UserError
from workspace.ports import free_port, is_listening
from workspace.postgres import Cluster
from workspace.processes import Child, ManagedProgram
from workspace.progress import step

PASSWORD = "a long and good password"


@dataclass(frozen=True, kw_only=True)
class BenchmarkSite:
    """A portal with the data of a contest.

    Args:
        size: of the contest.
        variables: the portal's environment.
        database_url: of its database, as the superuser.
        portal: its process.
        bare: the process of the same gunicorn without an application.
        bare_port: where that answers.
        database: PostgreSQL's process.
        tokens: bearer tokens of the first accounts.
    """

    size: dataset.Size
    variables: dict[str, str]
    database_url: str
    portal: Child
    bare: Child
    bare_port: int
    database: Child
    tokens: list[str]

    @property
    def port(self) -> int:
        """Where the portal listens."""
        return int(self.variables["PORTAL_PORT"])


@contextmanager
def open_site(console: Console, size: dataset.Size, *, voters: int) -> Iterator[BenchmarkSite]:
    """Start everything, fill it, and end it afterwards.

    Args:
        console: where the progress is shown.
        size: of the contest.
        voters: people with tokens.
    """
    with tempfile.TemporaryDirectory(prefix="anb-bench-") as name, ExitStack() as started:
        folder = Path(name)
        here = LocalPorts(database_port=free_port(), aws_port=free_port(), portal_port=free_port())
        with step("Starting PostgreSQL, durable, and the embedded AWS", console):
            cluster = Cluster(
                directory=folder / "database", port=here.database_port, password=secrets.token_urlsafe(16)
            )
            cluster.create()
            database = cluster.start(log=folder / "database.log")
            started.callback(database.stop)
            started.callback(aws.start(here.aws_port, log=folder / "aws.log").stop)
        deployed = deploy_without_terraform(here.aws_port, console).portal
        # One proxy stands before the portal: the clients' addresses are theirs, as from a whole country.
        variables = {**apply_local_overrides(deployed, here), "PROXY_HOPS": "1"}
        url = cluster.url(variables["DATABASE_NAME"])
        credentials = database_credentials(here.aws_port, variables["DATABASE_SECRET_ARN"])
        cluster.ensure_role(credentials.username, credentials.password)
        cluster.ensure_database(variables["DATABASE_NAME"], owner=credentials.username)
        owner_url = cluster.url(variables["DATABASE_NAME"], user=credentials.username, password=credentials.password)
        with psycopg.connect(owner_url) as connection:
            upgrade(connection, read_migrations())
        with step("Making the data", console) as current:
            dataset.load(url, size, password_hash=hash_password(PASSWORD), step=current)
        with step("Making the original's tables of the same data", console):
            original.build(url)
        environment = {**aws.without_aws(os.environ), **variables, "PYTHONPATH": str(paths.ROOT)}
        with step("Issuing tokens", console) as current:
            tokens = _tokens(environment, voters)
            current.note(f"{len(tokens):,}")
        with step("Starting the portal", console):
            portal = _start("portal", ["services.portal"], folder, environment, here.portal_port)
            started.callback(portal.stop)
            bare_port = free_port()
            bare = _start("bare", ["benchmarks.load.gunicorn_baseline", str(bare_port)], folder, environment, bare_port)
            started.callback(bare.stop)
        yield BenchmarkSite(
            size=size,
            variables=variables,
            database_url=url,
            portal=portal,
            bare=bare,
            bare_port=bare_port,
            database=database,
            tokens=tokens,
        )


def _start(name: str, module: list[str], folder: Path, environment: dict[str, str], port: int) -> Child:
    program = ManagedProgram(
        name=name,
        arguments=[sys.executable, "-m", *module],
        log=folder / f"{name}.log",
        environment=environment,
        directory=paths.ROOT,
    )
    child = Child(program)
    try:
        child.wait_until(lambda: is_listening(port), seconds=60)
    except BaseException:
        child.stop()
        raise
    return child


def _tokens(environment: dict[str, str], count: int) -> list[str]:
    result = subprocess.run(
        [sys.executable, "-m", "benchmarks.load.tokens", str(count)],
        env=environment,
        cwd=paths.ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise UserError(f"No tokens were issued:\n{result.stderr.strip()}")
    return [line for line in result.stdout.splitlines() if line.count(".") == 2]
