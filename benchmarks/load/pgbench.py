"""pgbench, PostgreSQL's load client: the throughput of the database alone."""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psycopg

from workspace.errors import UserError
from workspace.postgres import program

_MIN_SECONDS = 2
"""pgbench's measured time includes connecting, which takes up to a second on a busy machine."""

_RATE = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class PgbenchRun:
    """A load on a database.

    Args:
        url: URL of the database.
        clients: number of connections, each with one statement in flight.
        seconds: duration; at least 2.
    """

    url: str
    clients: int
    seconds: float

    @property
    def _whole_seconds(self) -> int:
        return max(_MIN_SECONDS, round(self.seconds))

    def rate(self, script: str, **variables: object) -> float:
        """Run a script repeatedly; return the executions per second.

        Args:
            script: pgbench script.
            variables: variables of the script.

        Raises:
            UserError: a statement failed.
        """
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
            file.write(script)
            file.flush()
            command: list[str | Path] = [
                program("pgbench"),
                "--no-vacuum",
                "--protocol=prepared",
                f"--client={self.clients}",
            ]
            command += [f"--time={self._whole_seconds}", f"--file={file.name}"]
            command += [f"--define={name}={value}" for name, value in variables.items()]
            result = subprocess.run(
                [*command, self.url], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
            )
        rate = _RATE.search(result.stdout)
        if result.returncode != 0 or rate is None:
            raise UserError(f"pgbench failed:\n{result.stderr.strip() or result.stdout.strip()}")
        return float(rate[1])

    def growth(self, table: str, script: str, **variables: object) -> float:
        """Run a script repeatedly; return the rows per second that it adds to a table.

        Args:
            table: name of the table.
            script: pgbench script.
            variables: variables of the script.
        """
        before = self._count_rows(table)
        self.rate(script, **variables)
        return (self._count_rows(table) - before) / self._whole_seconds

    def _count_rows(self, table: str) -> int:
        with psycopg.connect(self.url) as connection:
            row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
        assert row is not None
        return int(row[0])
