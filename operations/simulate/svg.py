"""SVG elements, lines and axis ticks for charts."""

from __future__ import annotations

import math
from collections.abc import Iterable
from html import escape

Points = Iterable[tuple[float, float]]

_SMALLEST = 1e-300
"""Smaller values are scaled as zero, because their steps underflow."""


def element(name: str, content: str = "", /, **attributes: object) -> str:
    """Render an element. In attribute names ``_`` means ``-``; a leading ``_`` allows Python keywords."""
    rendered = "".join(
        f' {key.strip("_").replace("_", "-")}="{escape(_text(value))}"' for key, value in attributes.items()
    )
    return f"<{name}{rendered}>{content}</{name}>" if content else f"<{name}{rendered}/>"


def text(x: float, y: float, words: str, **attributes: object) -> str:
    """Render text at a position."""
    return element("text", escape(words, quote=False), x=x, y=y, **attributes)


def line(points: Points, **attributes: object) -> str:
    """Render a line through points."""
    return element("path", d=_path(points), **attributes)


def stairs(points: Points, **attributes: object) -> str:
    """Render a step line, without redundant points."""
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
    """Render the area between a line and a base level."""
    vertices = list(points)
    return element("path", d=f"{_path([(vertices[0][0], base), *vertices, (vertices[-1][0], base)])}Z", **attributes)


def ticks(peak: float, *, most: int = 4) -> list[float]:
    """Return a few round numbers from zero to the first that is at least the peak."""
    if peak < _SMALLEST:
        return [0.0, 1.0]
    raw = peak / most
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * size for factor in (1, 2, 5, 10) if factor * size >= raw * (1 - 1e-9))
    return [number * step for number in range(math.ceil(peak / step - 1e-9) + 1)]


def _path(points: Points) -> str:
    return "M" + "L".join(f"{_text(x)} {_text(y)}" for x, y in points)


def _text(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
