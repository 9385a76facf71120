"""A comparison as a picture: uploads, queue, instances and waiting time over the hours, and what it came to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from operations.simulate.comparison import Comparison, Contender
from operations.simulate.svg import area, element, line, stairs, text, ticks
from operations.simulate.table import duration, words

_WIDTH, _LEFT, _RIGHT = 900, 70, 880
_PANEL, _GAP, _TOP = 110, 52, 94
_BUCKETS = 270
_HOURS = (1, 2, 3, 4, 6, 12, 24)
_MOST_HOURS = 13
# Blue, orange and green that people with any colour vision tell apart (Okabe and Ito), and three kinds of line.
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
    """One of the graphs, its place and its scales."""

    top: float
    seconds: float
    highest: float

    def x(self, moment: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * moment / self.seconds

    def y(self, value: float) -> float:
        return self.top + _PANEL * (1 - value / self.highest)

    def points(self, values: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(self.x(moment), self.y(value)) for moment, value in values]


def draw(comparison: Comparison) -> str:
    """The picture, an SVG for light and dark pages."""
    top = _TOP + 4 * (_PANEL + _GAP)
    height = top + 40 + 26 * len(comparison.contenders)
    parts = [
        element("title", escape(f"{comparison.curve.title}: what becomes of the workers"), id="title"),
        element("desc", escape(described(comparison)), id="text"),
        element("style", _STYLE),
        element("rect", width=_WIDTH, height=height, _class="ground"),
        text(20, 30, comparison.curve.title, font_size=18, font_weight="bold", _class="ink"),
        text(20, 50, words(comparison).partition(": ")[2], _class="soft"),
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


def described(comparison: Comparison) -> str:
    """The picture for those who cannot see it."""
    told = [
        f"{each.name}: half of the videos wait {duration(each.outcome.wait(0.5))} at most, 95 % "
        f"{duration(each.outcome.wait(0.95))}, the longest {duration(each.outcome.wait(1))}; up to "
        f"{each.outcome.most_instances} instances, {each.dollars:.2f} dollars"
        for each in comparison.contenders
    ]
    return f"{words(comparison)} {'. '.join(told)}."


def _legend(comparison: Comparison) -> list[str]:
    drawn = []
    for number, each in enumerate(comparison.contenders):
        x = 560.0 + 115 * number
        drawn.append(line([(x, 26), (x + 26, 26)], _class=f"c{number}", fill="none"))
        drawn.append(text(x + 32, 30, each.name, _class="ink"))
    return drawn


def _axes(comparison: Comparison, top: float, title: str, marks: list[float]) -> tuple[_Panel, list[str]]:
    panel = _Panel(top=top, seconds=comparison.curve.seconds, highest=marks[-1])
    drawn = [text(_LEFT, top - 8, title, _class="ink", font_weight="bold")]
    for mark in marks:
        y = panel.y(mark)
        drawn.append(line([(_LEFT, y), (_RIGHT, y)], _class="grid" if mark else "axis", fill="none"))
        drawn.append(text(_LEFT - 8, y + 4, f"{mark:,g}", text_anchor="end", _class="soft"))
    hour = 3600.0
    step = next((each for each in _HOURS if panel.seconds / hour / each < _MOST_HOURS), _HOURS[-1]) * hour
    starts = comparison.curve.starts
    first = -(-starts // step) * step
    while first <= starts + panel.seconds:
        x = panel.x(first - starts)
        drawn.append(line([(x, top + _PANEL), (x, top + _PANEL + 4)], _class="axis", fill="none"))
        clock = f"{int(first // hour) % 24}:{int(first % hour // 60):02}"
        drawn.append(text(x, top + _PANEL + 17, clock, text_anchor="middle", _class="soft"))
        first += step
    return panel, drawn


def _uploads(comparison: Comparison, top: float) -> list[str]:
    seconds = comparison.curve.seconds
    width = seconds / _BUCKETS
    counts = [0] * _BUCKETS
    for arrives, _ in comparison.contenders[0].outcome.waits:
        counts[min(_BUCKETS - 1, int(arrives / width))] += 1
    rates = [count * 60 / width for count in counts]
    marks = ticks(max(*rates, comparison.curve.highest))
    panel, drawn = _axes(comparison, top, "Uploads a minute: drawn, and the load they are drawn from", marks)
    steps = [(edge * width, rate) for number, rate in enumerate(rates) for edge in (number, number + 1)]
    drawn.append(area(panel.points(steps), panel.y(0), _class="load"))
    drawn.append(line(panel.points(comparison.curve.points), _class="curve", fill="none"))
    return drawn


def _queue(comparison: Comparison, top: float) -> list[str]:
    marks = ticks(max(each.outcome.longest_queue for each in comparison.contenders))
    panel, drawn = _axes(comparison, top, "Videos that wait", marks)

    def values(each: Contender) -> list[tuple[float, float]]:
        return _highest([(minute.moment, float(minute.waiting)) for minute in each.outcome.minutes], panel.seconds)

    return [*drawn, *_lines(comparison, panel, values)]


def _instances(comparison: Comparison, top: float) -> list[str]:
    marks = ticks(max(each.outcome.most_instances for each in comparison.contenders))
    whole = [mark for mark in marks if mark == int(mark)]
    panel, drawn = _axes(comparison, top, "Instances, with those that boot or leave", whole)
    for number, each in reversed(list(enumerate(comparison.contenders))):
        counts = [(minute.moment, float(minute.instances)) for minute in each.outcome.minutes]
        drawn.append(stairs(panel.points(counts), _class=f"c{number}", fill="none"))
    return drawn


def _waits(comparison: Comparison, top: float) -> list[str]:
    longest = max(each.outcome.wait(1) or 0 for each in comparison.contenders)
    unit, name = next(
        (size, name)
        for size, name in ((3600, "hours"), (60, "minutes"), (1, "seconds"))
        if longest >= 3 * size or size == 1
    )
    acceptable = comparison.workers.acceptable_wait / unit
    title = f"Longest wait of those that arrive then, in {name}"
    panel, drawn = _axes(comparison, top, title, ticks(max(longest / unit, acceptable)))
    y = panel.y(acceptable)
    drawn.append(line([(_LEFT, y), (_RIGHT, y)], _class="axis", fill="none", stroke_dasharray="1 3"))
    drawn.append(text(_RIGHT, y - 4, "acceptable", text_anchor="end", _class="soft"))

    def values(each: Contender) -> list[tuple[float, float]]:
        return _highest([(arrives, wait / unit) for arrives, wait in each.outcome.waits], panel.seconds)

    return [*drawn, *_lines(comparison, panel, values)]


def _lines(
    comparison: Comparison, panel: _Panel, values: Callable[[Contender], list[tuple[float, float]]]
) -> list[str]:
    # The deployed one lies on top.
    return [
        line(panel.points(values(each)), _class=f"c{number}", fill="none")
        for number, each in reversed(list(enumerate(comparison.contenders)))
    ]


def _highest(values: Sequence[tuple[float, float]], seconds: float) -> list[tuple[float, float]]:
    """The highest of each small stretch of time; nothing is zero."""
    width = seconds / _BUCKETS
    found = [0.0] * _BUCKETS
    for moment, value in values:
        bucket = min(_BUCKETS - 1, int(moment / width))
        found[bucket] = max(found[bucket], value)
    return [((number + 0.5) * width, value) for number, value in enumerate(found)]


def _totals(comparison: Comparison, top: float) -> list[str]:
    columns = ((170, "half wait"), (270, "95 % wait"), (370, "longest wait"))
    drawn = [text(x, top + 8, title, text_anchor="end", _class="soft") for x, title in columns]
    drawn.append(text(410, top + 8, "cost of the instances, in dollars", _class="soft"))
    most = max(each.dollars for each in comparison.contenders) or 1
    for number, each in enumerate(comparison.contenders):
        y = top + 32.0 + 26 * number
        drawn.append(text(20, y, each.name, _class="ink", font_weight="bold"))
        for (x, _), share in zip(columns, (0.5, 0.95, 1), strict=True):
            drawn.append(text(x, y, duration(each.outcome.wait(share)), text_anchor="end", _class="ink"))
        length = 400 * each.dollars / most
        drawn.append(element("rect", x=410, y=y - 12, width=length, height=15, _class=f"b{number}"))
        drawn.append(text(418 + length, y, f"{each.dollars:.2f}", _class="ink"))
    return drawn
