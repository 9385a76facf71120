"""The log lines of a deployment in CloudWatch Logs, from all instances, sorted by time."""

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
"""Maximum delay of a line that is still shown while following."""
_PAUSE_SECONDS = 2.0
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, kw_only=True, order=True)
class Line:
    """A log line.

    Args:
        milliseconds: Time since 1970, in milliseconds.
        stream: Log stream, such as boot/i-1.
        text: Text of the line.
        id: CloudWatch's event id, unique in the log group.
    """

    milliseconds: int
    stream: str
    id: str
    text: str

    def __str__(self) -> str:
        moment = datetime.fromtimestamp(self.milliseconds / 1000, UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}Z {self.stream} {self.text.rstrip()}"


class Reader:
    """Reads log groups repeatedly and returns each line once.

    Args:
        logs: boto3 client for CloudWatch Logs.
        groups: Names of the log groups; missing groups have no lines.
        boot: Read only boot logs (True), only program logs (False) or both (None).
        since: Time of the first line, in milliseconds since 1970.
    """

    def __init__(self, logs: Any, groups: Sequence[str], *, boot: bool | None, since: int) -> None:
        self._logs = logs
        self._groups = groups
        self._boot = boot
        self._since = dict.fromkeys(groups, since)
        self._seen: dict[tuple[str, str], int] = {}

    def read(self) -> list[Line]:
        """Read the new lines, sorted by time.

        Raises:
            UserError: None of the log groups exists.
        """
        missing = 0
        lines: list[Line] = []
        for group in self._groups:
            try:
                lines += self._read_group(group)
            except ClientError as error:
                if error.response["Error"]["Code"] != "ResourceNotFoundException":
                    raise
                missing += 1
        if missing == len(self._groups):
            raise UserError(
                f"The log group {' or '.join(self._groups)} does not exist. Check --environment; ./anb deploy creates "
                "the log groups."
            )
        return sorted(lines)

    def _read_group(self, group: str) -> Iterator[Line]:
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
            # The AWS emulator ignores the prefix filter.
            if self._boot in (None, event["logStreamName"].startswith(BOOT)):
                yield Line(
                    milliseconds=event["timestamp"],
                    stream=event["logStreamName"],
                    id=event["eventId"],
                    text=event["message"],
                )
        # Instances send in batches, so a line may arrive after later lines of another instance.
        self._since[group] = max(self._since[group], newest - _LATE_MILLISECONDS)
        self._seen = {
            known: moment for known, moment in self._seen.items() if known[0] != group or moment >= self._since[group]
        }


def write_lines(
    reader: Reader, write: Callable[[str], None], *, lines: int, follow: bool, pause_seconds: float = _PAUSE_SECONDS
) -> None:
    """Write the last lines and, when following, new lines until Ctrl-C.

    Args:
        reader: Source of the lines.
        write: Receives each line.
        lines: Number of existing lines to write.
        follow: Continue with new lines.
        pause_seconds: Pause between two reads, in seconds; default 2.
    """
    try:
        existing = reader.read()
        for line in existing[max(0, len(existing) - lines) :]:
            write(str(line))
        while follow:
            time.sleep(pause_seconds)
            for line in reader.read():
                write(str(line))
    except KeyboardInterrupt:
        return


def parse_duration(text: str) -> int:
    """Parse a duration such as 15m into seconds.

    Raises:
        UserError: The text is not a duration.
    """
    match = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", text)
    if match is None:
        raise UserError(f"--since is {text!r}; must be a number with the unit s, m, h or d, such as 15m or 2h.")
    return int(match[1]) * _UNITS[match[2]]
