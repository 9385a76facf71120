"""Draw a comparison as SVG: uploads, queue, instances and waiting times over time, and totals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from operations.simulate.comparison import Comparison, StrategyResult
from operations.simulate.svg import area, element, line, stairs, text, ticks
from operations.simulate.table import duration, summary

_WIDTH, _LEFT, _RIGHT = 900, 70, 880
_PANEL, _GAP, _TOP = 110, 52, 94
_BUCKETS = 270
_HOURS = (1, 2, 3, 4, 6, 12, 24)
_MOST_HOURS = 13
# Blue, orange and green that are distinct with any colour vision (Okabe and Ito), and three line styles.
_STYLE = """
svg{color-scheme:light dark}
.ground{fill:#fbfbf8}.ink{fill:#1d2b38}.soft{fill:#5a6672}.grid{stroke:#dcdcd6}.axis{stroke:#8a929a}
.load{fill:#b9c2cb}.curve{stroke:#1d2b38}
.c0{stroke:#0063a0;stroke-width:2.4}.c1{stroke:#c75000;stroke-width:1.8;stroke-dasharray:7 3}
.c2{stroke:#00815c;stroke-width:1.8;stroke-dasharray:2 3}
.b0{fill:#0063a0}.b1{fill:#c75000}.b2{fill:#00815c}
@media(prefers-color-scheme:dark){
.ground{fill:#14191f}.ink{fill:#e8ebee}.soft{fill:#a5afb9}.grid{stroke:#2c343d}.axis{stroke:#6d7883}
.load{fill:#46525e}.curve{stroke:#e8ebee}
.c0{stroke:#58b4f0}.c1{stroke:#f0983c}.c2{stroke:#3fd0a0}.b0{fill:#58b4f0}.b1{fill:#f0983c}.b2{fill:#3fd0a0}}
"""


@dataclass(frozen=True)
class _Panel:
    """One graph: position and scales."""

    top: float
    seconds: float
    peak: float

    def x(self, moment: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * moment / self.seconds

    def y(self, value: float) -> float:
        return self.top + _PANEL * (1 - value / self.peak)

    def points(self, values: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(self.x(moment), self.y(value)) for moment, value in values]


def draw(comparison: Comparison) -> str:
    """Draw the comparison as an SVG for light and dark pages."""
    top = _TOP + 4 * (_PANEL + _GAP)
    height = top + 40 + 26 * len(comparison.strategies)
    parts = [
        element("title", escape(f"{comparison.curve.title}: simulated worker scaling"), id="title"),
        element("desc", escape(describe(comparison)), id="text"),
        element("style", _STYLE),
        element("rect", width=_WIDTH, height=height, _class="ground"),
        text(20, 30, comparison.curve.title, font_size=18, font_weight="bold", _class="ink"),
        text(20, 50, summary(comparison).partition(": ")[2], _class="soft"),
        *_legend(comparison),
        *_uploads(comparison, _TOP),
        *_queue(comparison, _TOP + _PANEL + _GAP),
        *_instances(comparison, _TOP + 2 * (_PANEL + _GAP)),
        *_waits(comparison, _TOP + 3 * (_PANEL + _GAP)),
        *_totals(comparison, top + 14),
    ]
    return (
        element(
            "svg",
            "\n" + "\n".join(parts) + "\n",
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {_WIDTH} {height}",
            role="img",
            aria_labelledby="title text",
            font_family="Helvetica, Arial, sans-serif",
            font_size=12,
        )
        + "\n"
    )


def describe(comparison: Comparison) -> str:
    """Return the picture's text alternative for screen readers."""
    results = [
        f"{each.name}: waiting time {duration(each.outcome.wait(0.5))} (median), "
        f"{duration(each.outcome.wait(0.95))} (95th percentile), {duration(each.outcome.wait(1))} (maximum); up to "
        f"{each.outcome.most_instances} instances, {each.dollars:.2f} dollars"
        for each in comparison.strategies
    ]
    return f"{summary(comparison)} {'. '.join(results)}."


def _legend(comparison: Comparison) -> list[str]:
    shapes = []
    for number, each in enumerate(comparison.strategies):
        x = 560.0 + 115 * number
        shapes.append(line([(x, 26), (x + 26, 26)], _class=f"c{number}", fill="none"))
        shapes.append(text(x + 32, 30, each.name, _class="ink"))
    return shapes


def _axes(comparison: Comparison, top: float, title: str, marks: list[float]) -> tuple[_Panel, list[str]]:
    panel = _Panel(top=top, seconds=comparison.curve.seconds, peak=marks[-1])
    shapes = [text(_LEFT, top - 8, title, _class="ink", font_weight="bold")]
    for mark in marks:
        y = panel.y(mark)
        shapes.append(line([(_LEFT, y), (_RIGHT, y)], _class="grid" if mark else "axis", fill="none"))
        shapes.append(text(_LEFT - 8, y + 4, f"{mark:,g}", text_anchor="end", _class="soft"))
    hour = 3600.0
    step = next((each for each in _HOURS if panel.seconds / hour / each < _MOST_HOURS), _HOURS[-1]) * hour
    starts = comparison.curve.starts
    first = -(-starts // step) * step
    while first <= starts + panel.seconds:
        x = panel.x(first - starts)
        shapes.append(line([(x, top + _PANEL), (x, top + _PANEL + 4)], _class="axis", fill="none"))
        clock = f"{int(first // hour) % 24}:{int(first % hour // 60):02}"
        shapes.append(text(x, top + _PANEL + 17, clock, text_anchor="middle", _class="soft"))
        first += step
    return panel, shapes


def _uploads(comparison: Comparison, top: float) -> list[str]:
    seconds = comparison.curve.seconds
    width = seconds / _BUCKETS
    counts = [0] * _BUCKETS
    for arrives, _ in comparison.strategies[0].outcome.waits:
        counts[min(_BUCKETS - 1, int(arrives / width))] += 1
    rates = [count * 60 / width for count in counts]
    marks = ticks(max(*rates, comparison.curve.peak))
    panel, shapes = _axes(comparison, top, "Uploads per minute: simulated (area) and expected (line)", marks)
    steps = [(edge * width, rate) for number, rate in enumerate(rates) for edge in (number, number + 1)]
    shapes.append(area(panel.points(steps), panel.y(0), _class="load"))
    shapes.append(line(panel.points(comparison.curve.points), _class="curve", fill="none"))
    return shapes


def _queue(comparison: Comparison, top: float) -> list[str]:
    marks = ticks(max(each.outcome.longest_queue for each in comparison.strategies))
    panel, shapes = _axes(comparison, top, "Waiting videos", marks)

    def values(each: StrategyResult) -> list[tuple[float, float]]:
        return _peaks([(minute.moment, float(minute.waiting)) for minute in each.outcome.minutes], panel.seconds)

    return [*shapes, *_lines(comparison, panel, values)]


def _instances(comparison: Comparison, top: float) -> list[str]:
    marks = ticks(max(each.outcome.most_instances for each in comparison.strategies))
    whole = [mark for mark in marks if mark == int(mark)]
    panel, shapes = _axes(comparison, top, "Instances, including booting and draining ones", whole)
    for number, each in reversed(list(enumerate(comparison.strategies))):
        counts = [(minute.moment, float(minute.instances)) for minute in each.outcome.minutes]
        shapes.append(stairs(panel.points(counts), _class=f"c{number}", fill="none"))
    return shapes


def _waits(comparison: Comparison, top: float) -> list[str]:
    longest = max(each.outcome.wait(1) or 0 for each in comparison.strategies)
    unit, name = next(
        (size, name)
        for size, name in ((3600, "hours"), (60, "minutes"), (1, "seconds"))
        if longest >= 3 * size or size == 1
    )
    acceptable = comparison.workers.acceptable_wait / unit
    title = f"Longest wait by arrival time, in {name}"
    panel, shapes = _axes(comparison, top, title, ticks(max(longest / unit, acceptable)))
    y = panel.y(acceptable)
    shapes.append(line([(_LEFT, y), (_RIGHT, y)], _class="axis", fill="none", stroke_dasharray="1 3"))
    shapes.append(text(_RIGHT, y - 4, "acceptable", text_anchor="end", _class="soft"))

    def values(each: StrategyResult) -> list[tuple[float, float]]:
        return _peaks([(arrives, wait / unit) for arrives, wait in each.outcome.waits], panel.seconds)

    return [*shapes, *_lines(comparison, panel, values)]


def _lines(
    comparison: Comparison, panel: _Panel, values: Callable[[StrategyResult], list[tuple[float, float]]]
) -> list[str]:
    # Draw the deployed strategy on top.
    return [
        line(panel.points(values(each)), _class=f"c{number}", fill="none")
        for number, each in reversed(list(enumerate(comparison.strategies)))
    ]


def _peaks(values: Sequence[tuple[float, float]], seconds: float) -> list[tuple[float, float]]:
    """Return the maximum of each time bucket; 0 for empty buckets."""
    width = seconds / _BUCKETS
    peaks = [0.0] * _BUCKETS
    for moment, value in values:
        bucket = min(_BUCKETS - 1, int(moment / width))
        peaks[bucket] = max(peaks[bucket], value)
    return [((number + 0.5) * width, value) for number, value in enumerate(peaks)]


def _totals(comparison: Comparison, top: float) -> list[str]:
    columns = ((170, "p50 wait"), (270, "p95 wait"), (370, "max wait"))
    shapes = [text(x, top + 8, title, text_anchor="end", _class="soft") for x, title in columns]
    shapes.append(text(410, top + 8, "cost of the instances in dollars", _class="soft"))
    most = max(each.dollars for each in comparison.strategies) or 1
    for number, each in enumerate(comparison.strategies):
        y = top + 32.0 + 26 * number
        shapes.append(text(20, y, each.name, _class="ink", font_weight="bold"))
        for (x, _), share in zip(columns, (0.5, 0.95, 1), strict=True):
            shapes.append(text(x, y, duration(each.outcome.wait(share)), text_anchor="end", _class="ink"))
        length = 400 * each.dollars / most
        shapes.append(element("rect", x=410, y=y - 12, width=length, height=15, _class=f"b{number}"))
        shapes.append(text(418 + length, y, f"{each.dollars:.2f}", _class="ink"))
    return shapes
