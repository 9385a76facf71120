"""The failure matrix: what may happen on a video's way, what is guaranteed, and how long the recovery took."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """A line of the matrix.

    Args:
        fault: what happens.
        guarantee: what is so all the same.
    """

    fault: str
    guarantee: str


ROWS: Mapping[str, Row] = {
    "P1": Row("the browser dies while it uploads", "no video, and nothing is left of the bytes"),
    "P2": Row("the portal is killed between the object and its row", "one video or none, no bytes that nobody owns"),
    "P3": Row("the queue is away when a video is recorded", "it is processed once the queue is back"),
    "P4": Row("the relay's word for a sent message is lost: two messages", "one effect"),
    "P5": Row("messages arrive twice and in any order", "one effect each"),
    "W1": Row("the worker is killed right after it received", "the next has it after one visibility timeout"),
    "W2": Row("the worker is killed while it encodes", "the same; no half file, no program, no folder stays"),
    "W3": Row("the worker is killed after it stored and before it committed", "the next attempt's objects alone"),
    "W4": Row("the worker is killed after its commit and before it deleted", "nothing is done twice"),
    "W5": Row("the network to queue and database is cut for longer than the visibility", "one result"),
    "W6": Row("the worker is frozen until another has finished, and wakes", "the same"),
    "W7": Row("PostgreSQL is killed before the result is committed", "the result is kept, or made again"),
    "W8": Row("a file that can never become a video", "failed with its reason, at the first attempt"),
    "W9": Row("a message that nobody understands", "it ends with the dead letters, others pass by"),
    "W10": Row("the worker is told to stop at a random moment", "nothing is lost, nothing waits for a timeout"),
    "W11": Row("a spot notice", "the video is given back before the instance goes"),
    "W12": Row("the owner deletes the video while it is worked on", "no object stays"),
    "W13": Row("the disk is full", "another try later, never the player's fault"),
    "W14": Row("the encoder never ends", "failed after max_job_seconds, and the slot is free"),
    "W15": Row("messages lie dead until a fault is mended, and are moved back", "each is processed once"),
    "W16": Row("a worker's clock is a day wrong", "leases hold: one attempt each"),
}


def rows_of(test: str) -> tuple[str, ...]:
    """The rows that a test is named by: test_w03_... is W3, and test_w08_w09_... is both."""
    found = re.match(r"test_((?:[pw]\d\d_)+)", test)
    if found is None:
        raise ValueError(f"{test} names no row; a test of the matrix is called test_w03_what_is_so")
    return tuple(f"{row[0].upper()}{int(row[1:])}" for row in found[1].split("_")[:-1])


@dataclass
class Recoveries:
    """How long each recovery of this run took, in seconds, by row."""

    seconds: dict[str, list[float]] = field(default_factory=dict)

    def table(self) -> str:
        """The matrix with what was measured, as Markdown; the longest recovery of each row counts."""
        lines = ["| | Fault | Guarantee | Times | Recovered after, s |", "| --- | --- | --- | ---: | ---: |"]
        for name, row in ROWS.items():
            found = self.seconds.get(name, [])
            longest = f"{max(found):.1f}" if found else ""
            lines.append(f"| {name} | {row.fault} | {row.guarantee} | {len(found)} | {longest} |")
        return "\n".join(lines)

    def write(self, file: Path) -> None:
        """Keep the table."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{self.table()}\n")


class Fault:
    """What a test does to the system; told when it ends and when all is well again.

    Args:
        rows: of the matrix.
        recoveries: where the time is kept.
    """

    def __init__(self, rows: tuple[str, ...], recoveries: Recoveries) -> None:
        self._rows, self._recoveries = rows, recoveries
        self._ended: float | None = None

    def ends(self) -> None:
        """The fault is over, or has happened: from here on the system may recover."""
        self._ended = time.monotonic()

    def recovered(self) -> None:
        """What is guaranteed is so again."""
        assert self._ended is not None, "the fault has not ended"
        for row in self._rows:
            self._recoveries.seconds.setdefault(row, []).append(time.monotonic() - self._ended)
