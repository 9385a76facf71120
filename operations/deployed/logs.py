"""The log lines of a deployment in CloudWatch Logs, of all its instances in the order of time."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from workspace.errors import UserError

BOOT = "boot/"
_LATE_MILLISECONDS = 120_000
"""How much later than its own time a line may arrive and is still shown by a reader that follows."""
_PAUSE_SECONDS = 2.0
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, kw_only=True, order=True)
class Line:
    """A line.

    Args:
        milliseconds: since 1970.
        stream: whose, such as boot/i-1.
        text: the line.
        id: CloudWatch's, the only one of its log group.
    """

    milliseconds: int
    stream: str
    id: str
    text: str

    def __str__(self) -> str:
        moment = datetime.fromtimestamp(self.milliseconds / 1000, UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}Z {self.stream} {self.text.rstrip()}"


class Reader:
    """Reads log groups again and again, and gives each line once.

    Args:
        logs: boto3 client of CloudWatch Logs.
        groups: names of the log groups; one that is not there yet has no lines.
        boot: whether the boots' lines are wanted, or those of the programs; None: both.
        since: milliseconds since 1970 of the first line.
    """

    def __init__(self, logs: Any, groups: Sequence[str], *, boot: bool | None, since: int) -> None:
        self._logs = logs
        self._groups = groups
        self._boot = boot
        self._since = dict.fromkeys(groups, since)
        self._seen: dict[tuple[str, str], int] = {}

    def read(self) -> list[Line]:
        """The lines that were not read yet, by time.

        Raises:
            UserError: none of the log groups is there.
        """
        missing = 0
        found: list[Line] = []
        for group in self._groups:
            try:
                found += self._new(group)
            except ClientError as error:
                if error.response["Error"]["Code"] != "ResourceNotFoundException":
                    raise
                missing += 1
        if missing == len(self._groups):
            raise UserError(
                f"There is no log group {' or '.join(self._groups)}. Look at --environment; ./anb deploy makes it."
            )
        return sorted(found)

    def _new(self, group: str) -> Iterator[Line]:
        filters = {"logStreamNamePrefix": BOOT} if self._boot else {}
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, startTime=self._since[group], **filters
        )
        newest = self._since[group]
        for event in (event for page in pages for event in page["events"]):
            key = (group, event["eventId"])
            if key in self._seen:
                continue
            self._seen[key] = event["timestamp"]
            newest = max(newest, event["timestamp"])
            # The embedded AWS knows no prefix.
            if self._boot in (None, event["logStreamName"].startswith(BOOT)):
                yield Line(
                    milliseconds=event["timestamp"],
                    stream=event["logStreamName"],
                    id=event["eventId"],
                    text=event["message"],
                )
        # Instances send in batches, so a line may come after a later one of another instance.
        self._since[group] = max(self._since[group], newest - _LATE_MILLISECONDS)
        self._seen = {
            known: moment for known, moment in self._seen.items() if known[0] != group or moment >= self._since[group]
        }


def show(
    reader: Reader, told: Callable[[str], None], *, lines: int, follow: bool, pause_seconds: float = _PAUSE_SECONDS
) -> None:
    """Show the last lines, and those that come until Ctrl-C.

    Args:
        reader: of the lines.
        told: gets each.
        lines: how many of those that are there.
        follow: whether to go on.
        pause_seconds: between two looks.
    """
    try:
        found = reader.read()
        for line in found[max(0, len(found) - lines) :]:
            told(str(line))
        while follow:
            time.sleep(pause_seconds)
            for line in reader.read():
                told(str(line))
    except KeyboardInterrupt:
        return


def seconds_of(given: str) -> int:
    """A length of time such as 15m in seconds.

    Raises:
        UserError: it is none.
    """
    found = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", given)
    if found is None:
        raise UserError(f"--since is {given!r}; allowed is a number with s, m, h or d, such as 15m or 2h.")
    return int(found[1]) * _UNITS[found[2]]
