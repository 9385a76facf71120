"""A load: how many videos are uploaded a minute, over some hours. Written in TOML, or one of the presets."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workspace.errors import UserError

PRESETS = Path(__file__).parent / "presets"
MOST_PER_MINUTE = 1000
MOST_UPLOADS = 100_000
LONGEST_HOURS = 7 * 24

_TIME = re.compile(r"(\d{1,3}):([0-5]\d)")
_KEYS = {"title", "why", "uploads_per_minute"}
_ROW = 'are rows such as ["18:30", 2.5]'


@dataclass(frozen=True, kw_only=True)
class LoadCurve:
    """Uploads a minute, straight from each point to the next.

    Args:
        title: what people call it.
        why: where its numbers come from.
        starts: the clock when it begins, in seconds since midnight.
        points: seconds since it began and uploads a minute, in order. Two of one moment are a jump.
    """

    title: str
    why: str
    starts: float
    points: tuple[tuple[float, float], ...]

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.points[-1][0]

    @property
    def highest(self) -> float:
        """The most uploads a minute."""
        return max(rate for _, rate in self.points)

    @property
    def expected(self) -> float:
        """How many uploads it holds on average."""
        pairs = zip(self.points, self.points[1:], strict=False)
        return sum((end - begin) / 60 * (low + high) / 2 for (begin, low), (end, high) in pairs)

    def rate(self, moment: float) -> float:
        """Uploads a minute at a moment, in seconds since it began; after a jump, the rate it jumped to."""
        after = bisect_right(self.points, moment, key=lambda point: point[0])
        if after == len(self.points):
            return self.points[-1][1]
        (begin, low), (end, high) = self.points[after - 1], self.points[after]
        return low + (high - low) * (moment - begin) / (end - begin)


def preset_names() -> list[str]:
    """The presets, the one with the lowest peak first."""
    curves = {file.stem: read(file) for file in PRESETS.glob("*.toml")}
    return sorted(curves, key=lambda name: curves[name].highest)


def find(load: str) -> LoadCurve:
    """A load by the name of a preset, or by the path of a file.

    Raises:
        UserError: there is no such preset or file, or it cannot be used.
    """
    preset = PRESETS / f"{load}.toml"
    if re.fullmatch(r"[a-z-]+", load) and preset.is_file():
        return read(preset)
    if not Path(load).is_file():
        known = ", ".join(preset_names())
        raise UserError(f"The load is {load!r}; allowed are {known}, or the path of a TOML file. See docs/capacity.md")
    return read(Path(load))


def read(file: Path) -> LoadCurve:
    """A load written in TOML.

    Raises:
        UserError: with the file, what is written there, what is allowed and how to mend it.
    """
    try:
        written = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{file} is not TOML: {error}. Mend the line; docs/capacity.md shows a load") from None
    unknown = sorted(written.keys() - _KEYS)
    if unknown:
        raise _wrong(file, unknown[0], written[unknown[0]], f"are {', '.join(sorted(_KEYS))}", "remove it")
    for key in ("title", "why"):
        if not isinstance(written.get(key, ""), str):
            raise _wrong(file, key, written[key], "is text", "put it in quotes")
    rows = written.get("uploads_per_minute")
    if not isinstance(rows, list) or len(rows) < 2:
        raise _wrong(file, "uploads_per_minute", rows, f"{_ROW}, two at least", "the last row says when it ends")
    points = [_point(file, number, row) for number, row in enumerate(rows)]
    starts = points[0][0]
    curve = LoadCurve(
        title=written.get("title", file.stem),
        why=written.get("why", ""),
        starts=starts,
        points=tuple((moment - starts, rate) for moment, rate in points),
    )
    _check(file, curve, rows)
    return curve


def _point(file: Path, number: int, row: Any) -> tuple[float, float]:
    where = f"uploads_per_minute[{number}]"
    if not isinstance(row, list) or len(row) != 2:
        raise _wrong(file, where, row, _ROW, "write the time and the uploads a minute")
    time, rate = row
    clock = _TIME.fullmatch(time) if isinstance(time, str) else None
    if not clock:
        raise _wrong(file, where, row, _ROW, "write hours:minutes; the hours go on after 24 where a day ends")
    # A bool is an int to Python, and nan compares with nothing.
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= MOST_PER_MINUTE:
        raise _wrong(file, where, row, f"are 0 to {MOST_PER_MINUTE} uploads a minute", "mend the number")
    return int(clock[1]) * 3600.0 + int(clock[2]) * 60, float(rate)


def _check(file: Path, curve: LoadCurve, rows: list[Any]) -> None:
    moments = [moment for moment, _ in curve.points]
    for number in range(1, len(moments)):
        if moments[number] < moments[number - 1]:
            where, fix = f"uploads_per_minute[{number}]", "put the rows in order; the hours go on after 24"
            raise _wrong(file, where, rows[number], f"are times from {rows[number - 1][0]}", fix)
    if not 60 <= curve.seconds <= LONGEST_HOURS * 3600:
        length = f"{curve.seconds / 3600:g} hours"
        raise _wrong(file, "its length", length, f"are a minute to {LONGEST_HOURS} hours", "mend the last row's time")
    if curve.expected > MOST_UPLOADS:
        raise _wrong(file, "its uploads", round(curve.expected), f"are {MOST_UPLOADS} in all", "simulate a part of it")


def _wrong(file: Path, where: str, given: object, allowed: str, fix: str) -> UserError:
    return UserError(f"{file}: {where} is {given!r}; allowed {allowed}. To mend it: {fix}")
