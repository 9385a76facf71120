"""A temporary portal for load tests: PostgreSQL with fsync, AWS emulator, gunicorn."""

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
        size: size of the data set.
        variables: environment variables of the portal.
        database_url: URL of the database, as superuser.
        portal: process of the portal.
        baseline: process of gunicorn with a no-op application.
        baseline_port: port of the baseline.
        database: process of PostgreSQL.
        tokens: bearer tokens of the first users.
    """

    size: dataset.DatasetSize
    variables: dict[str, str]
    database_url: str
    portal: Child
    baseline: Child
    baseline_port: int
    database: Child
    tokens: list[str]

    @property
    def port(self) -> int:
        """Port of the portal."""
        return int(self.variables["PORTAL_PORT"])


@contextmanager
def open_site(console: Console, size: dataset.DatasetSize, *, voters: int) -> Iterator[BenchmarkSite]:
    """Start a portal with data; stop it afterwards.

    Args:
        console: console for progress.
        size: size of the data set.
        voters: number of users with tokens.
    """
    with tempfile.TemporaryDirectory(prefix="anb-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        here = LocalPorts(database_port=free_port(), aws_port=free_port(), portal_port=free_port())
        with step("Starting PostgreSQL, durable, and the AWS emulator", console):
            cluster = Cluster(
                directory=folder / "database", port=here.database_port, password=secrets.token_urlsafe(16)
            )
            cluster.create()
            database = cluster.start(log=folder / "database.log")
            stack.callback(database.stop)
            stack.callback(aws.start(here.aws_port, log=folder / "aws.log").stop)
        deployed = deploy_without_terraform(here.aws_port, console).portal
        # With one proxy hop, clients can appear under many addresses.
        variables = {**apply_local_overrides(deployed, here), "PROXY_HOPS": "1"}
        url = cluster.url(variables["DATABASE_NAME"])
        credentials = database_credentials(here.aws_port, variables["DATABASE_SECRET_ARN"])
        cluster.ensure_role(credentials.username, credentials.password)
        cluster.ensure_database(variables["DATABASE_NAME"], owner=credentials.username)
        owner_url = cluster.url(variables["DATABASE_NAME"], user=credentials.username, password=credentials.password)
        with psycopg.connect(owner_url) as connection:
            upgrade(connection, read_migrations())
        with step("Creating the data", console) as current:
            dataset.fill(url, size, password_hash=hash_password(PASSWORD), step=current)
        with step("Creating the original's tables with the same data", console):
            original.create_tables(url)
        environment = {**aws.without_aws(os.environ), **variables, "PYTHONPATH": str(paths.ROOT)}
        with step("Issuing tokens", console) as current:
            tokens = _issue_tokens(environment, voters)
            current.note(f"{len(tokens):,}")
        with step("Starting the portal", console):
            portal = _start("portal", ["services.portal"], folder, environment, here.portal_port)
            stack.callback(portal.stop)
            baseline_port = free_port()
            baseline = _start(
                "baseline",
                ["benchmarks.load.gunicorn_baseline", str(baseline_port)],
                folder,
                environment,
                baseline_port,
            )
            stack.callback(baseline.stop)
        yield BenchmarkSite(
            size=size,
            variables=variables,
            database_url=url,
            portal=portal,
            baseline=baseline,
            baseline_port=baseline_port,
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


def _issue_tokens(environment: dict[str, str], count: int) -> list[str]:
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
        raise UserError(f"Could not issue tokens:\n{result.stderr.strip()}")
    return [line for line in result.stdout.splitlines() if line.count(".") == 2]
