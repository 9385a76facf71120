"""pgbench, PostgreSQL's own load client: what the database does where nothing stands before it."""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psycopg

from workspace.errors import UserError
from workspace.postgres import program

_SHORTEST = 2
"""Seconds: pgbench's clock runs while it connects, which on a busy machine has taken a whole second."""

_RATE = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class PgbenchRun:
    """A database that is asked.

    Args:
        url: of the database.
        clients: connections, each with one statement under way.
        seconds: how long it is asked; two at the least.
    """

    url: str
    clients: int
    seconds: float

    @property
    def _whole_seconds(self) -> int:
        return max(_SHORTEST, round(self.seconds))

    def rate(self, script: str, **variables: object) -> float:
        """How often a script is done in a second.

        Args:
            variables: that the script uses.

        Raises:
            UserError: the database refused a statement.
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
        found = _RATE.search(result.stdout)
        if result.returncode != 0 or found is None:
            raise UserError(f"pgbench failed:\n{result.stderr.strip() or result.stdout.strip()}")
        return float(found[1])

    def growth(self, table: str, script: str, **variables: object) -> float:
        """How many rows a script adds to a table in a second.

        Args:
            variables: that the script uses.
        """
        before = self._rows(table)
        self.rate(script, **variables)
        return (self._rows(table) - before) / self._whole_seconds

    def _rows(self, table: str) -> int:
        with psycopg.connect(self.url) as connection:
            row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
        assert row is not None
        return int(row[0])
