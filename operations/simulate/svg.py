"""The little of SVG that pictures of numbers need: elements, axes and their ticks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from html import escape

Points = Iterable[tuple[float, float]]

_SMALLEST = 1e-300
"""Below it a scale is that of zero: its steps would be too small for floats."""


def element(name: str, content: str = "", /, **attributes: object) -> str:
    """An element. What Python does not allow in a name is written with ``_``, a leading one for its words."""
    written = "".join(
        f' {key.strip("_").replace("_", "-")}="{escape(_text(value))}"' for key, value in attributes.items()
    )
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def text(x: float, y: float, words: str, **attributes: object) -> str:
    """Words at a place."""
    return element("text", escape(words, quote=False), x=x, y=y, **attributes)


def line(points: Points, **attributes: object) -> str:
    """A line from point to point."""
    return element("path", d=_way(points), **attributes)


def stairs(points: Points, **attributes: object) -> str:
    """A line that goes on level until the next point; a point like the one before says nothing."""
    steps: list[tuple[float, float]] = []
    for x, y in points:
        if steps:
            steps.append((x, steps[-1][1]))
        steps.append((x, y))
    kept = [
        point
        for number, point in enumerate(steps)
        if number in (0, len(steps) - 1) or not steps[number - 1][1] == point[1] == steps[number + 1][1]
    ]
    return line(kept, **attributes)


def area(points: Points, base: float, **attributes: object) -> str:
    """What lies between a line and a level."""
    ways = list(points)
    return element("path", d=f"{_way([(ways[0][0], base), *ways, (ways[-1][0], base)])}Z", **attributes)


def ticks(highest: float, *, most: int = 4) -> list[float]:
    """Round numbers from zero to the first that is not below the highest, a few of them."""
    if highest < _SMALLEST:
        return [0.0, 1.0]
    raw = highest / most
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * size for factor in (1, 2, 5, 10) if factor * size >= raw * (1 - 1e-9))
    return [number * step for number in range(math.ceil(highest / step - 1e-9) + 1)]


def _way(points: Points) -> str:
    return "M" + "L".join(f"{_text(x)} {_text(y)}" for x, y in points)


def _text(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
