"""Loads: uploads per minute over some hours, from a TOML file or a preset."""

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
_ROW = 'a row such as ["18:30", 2.5]'


@dataclass(frozen=True, kw_only=True)
class LoadCurve:
    """Uploads per minute over time, linear between points.

    Args:
        title: Display name.
        why: Source of the numbers.
        starts: Time of day of the start, in seconds since midnight.
        points: Seconds since the start and uploads per minute, in order. Two points of one moment are a jump.
    """

    title: str
    why: str
    starts: float
    points: tuple[tuple[float, float], ...]

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return self.points[-1][0]

    @property
    def peak(self) -> float:
        """Maximum uploads per minute."""
        return max(rate for _, rate in self.points)

    @property
    def expected(self) -> float:
        """Expected number of uploads."""
        pairs = zip(self.points, self.points[1:], strict=False)
        return sum((end - begin) / 60 * (low + high) / 2 for (begin, low), (end, high) in pairs)

    def rate(self, moment: float) -> float:
        """Return the uploads per minute at a moment in seconds since the start; at a jump, the rate after it."""
        after = bisect_right(self.points, moment, key=lambda point: point[0])
        if after == len(self.points):
            return self.points[-1][1]
        (begin, low), (end, high) = self.points[after - 1], self.points[after]
        return low + (high - low) * (moment - begin) / (end - begin)


def preset_names() -> list[str]:
    """List the presets, sorted by peak."""
    curves = {file.stem: read(file) for file in PRESETS.glob("*.toml")}
    return sorted(curves, key=lambda name: curves[name].peak)


def find(load: str) -> LoadCurve:
    """Find a load by the name of a preset or the path of a file.

    Raises:
        UserError: The preset or file does not exist, or the file is invalid.
    """
    preset = PRESETS / f"{load}.toml"
    if re.fullmatch(r"[a-z-]+", load) and preset.is_file():
        return read(preset)
    if not Path(load).is_file():
        known = ", ".join(preset_names())
        raise UserError(f"LOAD is {load!r}; must be one of {known}, or the path of a TOML file. See docs/capacity.md.")
    return read(Path(load))


def read(file: Path) -> LoadCurve:
    """Read a load from a TOML file.

    Raises:
        UserError: The file is invalid; names the place, the value, the allowed values and the fix.
    """
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{file} is not TOML: {error}. Fix: correct the line; see docs/capacity.md.") from None
    unknown = sorted(content.keys() - _KEYS)
    if unknown:
        raise _error(file, unknown[0], content[unknown[0]], f"one of {', '.join(sorted(_KEYS))}", "remove it")
    for key in ("title", "why"):
        if not isinstance(content.get(key, ""), str):
            raise _error(file, key, content[key], "text", "put it in quotes")
    rows = content.get("uploads_per_minute")
    if not isinstance(rows, list) or len(rows) < 2:
        raise _error(file, "uploads_per_minute", rows, "a list of at least two rows", f"write each as {_ROW}")
    points = [_point(file, number, row) for number, row in enumerate(rows)]
    starts = points[0][0]
    curve = LoadCurve(
        title=content.get("title", file.stem),
        why=content.get("why", ""),
        starts=starts,
        points=tuple((moment - starts, rate) for moment, rate in points),
    )
    _check(file, curve, rows)
    return curve


def _point(file: Path, number: int, row: Any) -> tuple[float, float]:
    where = f"uploads_per_minute[{number}]"
    if not isinstance(row, list) or len(row) != 2:
        raise _error(file, where, row, _ROW, "write the time and the uploads per minute")
    time, rate = row
    clock = _TIME.fullmatch(time) if isinstance(time, str) else None
    if not clock:
        raise _error(file, where, row, _ROW, "write hours:minutes; hours continue past 24 after midnight")
    # bool is a subclass of int; every comparison with nan is false.
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= MOST_PER_MINUTE:
        raise _error(file, where, row, f"0 to {MOST_PER_MINUTE} uploads per minute", "correct the number")
    return int(clock[1]) * 3600.0 + int(clock[2]) * 60, float(rate)


def _check(file: Path, curve: LoadCurve, rows: list[Any]) -> None:
    moments = [moment for moment, _ in curve.points]
    for number in range(1, len(moments)):
        if moments[number] < moments[number - 1]:
            where, fix = f"uploads_per_minute[{number}]", "sort the rows; hours continue past 24 after midnight"
            raise _error(file, where, rows[number], f"at {rows[number - 1][0]} or later", fix)
    if not 60 <= curve.seconds <= LONGEST_HOURS * 3600:
        length = f"{curve.seconds / 3600:g} hours"
        raise _error(file, "duration", length, f"1 minute to {LONGEST_HOURS} hours", "correct the last row's time")
    if curve.expected > MOST_UPLOADS:
        raise _error(file, "total uploads", round(curve.expected), f"at most {MOST_UPLOADS}", "simulate a part of it")


def _error(file: Path, where: str, value: object, allowed: str, fix: str) -> UserError:
    return UserError(f"{file}: {where} is {value!r}; must be {allowed}. Fix: {fix}.")
