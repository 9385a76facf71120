"""The failure matrix: faults, guarantees and measured recovery times."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class MatrixRow:
    """A row of the matrix.

    Args:
        fault: injected fault.
        guarantee: guaranteed result.
    """

    fault: str
    guarantee: str


ROWS: Mapping[str, MatrixRow] = {
    "P1": MatrixRow("the browser dies during an upload", "no video, and the uploaded bytes are removed"),
    "P2": MatrixRow("the portal is killed between storing a file and its row", "one video or none, no orphaned bytes"),
    "P3": MatrixRow("the queue is unavailable when a video is recorded", "it is processed once the queue is back"),
    "P4": MatrixRow("the relay loses the reply to a sent message: two messages", "the video is processed once"),
    "P5": MatrixRow("messages arrive twice and in any order", "each video is processed once"),
    "W1": MatrixRow(
        "the worker is killed right after receiving", "another gets the message after one visibility timeout"
    ),
    "W2": MatrixRow("the worker is killed during an encode", "as W1; no partial file, process or folder is left"),
    "W3": MatrixRow("the worker is killed after storing, before its commit", "only the next attempt's objects remain"),
    "W4": MatrixRow("the worker is killed after its commit, before deleting the message", "nothing is processed twice"),
    "W5": MatrixRow("the network to queue and database is cut for longer than the visibility timeout", "one result"),
    "W6": MatrixRow("the worker is frozen until another one has finished, then resumes", "one result"),
    "W7": MatrixRow(
        "PostgreSQL is killed before the result is committed", "the result is committed later, or made again"
    ),
    "W8": MatrixRow("a file that can never become a video", "failed with its reason at the first attempt"),
    "W9": MatrixRow("an unreadable message", "it becomes a dead letter; other messages are processed"),
    "W10": MatrixRow("the worker is stopped at a random moment", "nothing is lost, no message waits for a timeout"),
    "W11": MatrixRow("a spot interruption notice", "the video is released before the instance terminates"),
    "W12": MatrixRow("the owner deletes the video during processing", "no object is left"),
    "W13": MatrixRow("the disk is full", "retried later; the file is never failed for it"),
    "W14": MatrixRow("the encoder hangs", "failed after max_job_seconds, and the slot is free again"),
    "W15": MatrixRow("dead letters are redriven after a fault is fixed", "each is processed once"),
    "W16": MatrixRow("a worker's clock is off by a day", "leases hold: one attempt each"),
}


def parse_rows(test: str) -> tuple[str, ...]:
    """Return the rows in a test's name: test_w03_... is W3, test_w08_w09_... is W8 and W9."""
    match = re.match(r"test_((?:[pw]\d\d_)+)", test)
    if match is None:
        raise ValueError(f"{test} names no row; must be like test_w03_description")
    return tuple(f"{row[0].upper()}{int(row[1:])}" for row in match[1].split("_")[:-1])


@dataclass
class Recoveries:
    """Recovery times of this run, in seconds, by row."""

    seconds: dict[str, list[float]] = field(default_factory=dict)

    def table(self) -> str:
        """Render the matrix as Markdown, with the longest recovery of each row."""
        lines = ["| | Fault | Guarantee | Times | Recovered after, s |", "| --- | --- | --- | ---: | ---: |"]
        for name, row in ROWS.items():
            seconds = self.seconds.get(name, [])
            longest = f"{max(seconds):.1f}" if seconds else ""
            lines.append(f"| {name} | {row.fault} | {row.guarantee} | {len(seconds)} | {longest} |")
        return "\n".join(lines)

    def write(self, file: Path) -> None:
        """Write the table to a file."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{self.table()}\n")


class Fault:
    """A fault injected by a test; measures the recovery time.

    Args:
        rows: rows of the matrix.
        recoveries: collects the recovery times.
    """

    def __init__(self, rows: tuple[str, ...], recoveries: Recoveries) -> None:
        self._rows, self._recoveries = rows, recoveries
        self._ended_at: float | None = None

    def end(self) -> None:
        """Mark the end of the fault; recovery starts."""
        self._ended_at = time.monotonic()

    def mark_recovered(self) -> None:
        """Record the recovery time."""
        assert self._ended_at is not None, "the fault has not ended"
        for row in self._rows:
            self._recoveries.seconds.setdefault(row, []).append(time.monotonic() - self._ended_at)
