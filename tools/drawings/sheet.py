"""Boxes, arrows and frames as SVG, in the colours of docs/images/overview.svg."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

Kind = Literal["person", "ours", "other", "plain"]
Point = tuple[float, float]

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
_STYLE = (
    f"text{{font-family:{_FONT}}}"
    ".frame{fill:none;stroke:#94a3b8;stroke-dasharray:6 5}.of-frame{font-size:13px;fill:#64748b}"
    ".title{font-size:15px;font-weight:600;text-anchor:middle;fill:#0f172a}"
    ".line{font-size:12.5px;text-anchor:middle;fill:#334155}.field{font-size:12px;fill:#334155}"
    ".label{font-size:12.5px;fill:#475569;paint-order:stroke;stroke:#fff;stroke-width:3px;stroke-linejoin:round}.arrow{fill:none;stroke:#475569;stroke-width:1.5}"
    ".loose{stroke-dasharray:4 4}.life{stroke:#94a3b8;stroke-dasharray:3 5}"
    ".person{fill:#ffedd5;stroke:#ea580c}.ours{fill:#e0f2fe;stroke:#0284c7}"
    ".other{fill:#f0fdf4;stroke:#16a34a}.plain{fill:#fff;stroke:#94a3b8}"
)
_HEAD = (
    '<defs><marker id="end" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" '
    'orient="auto-start-reverse"><path d="M0 0 10 5 0 10z" fill="#475569"/></marker></defs>'
)


@dataclass(frozen=True, kw_only=True)
class Box:
    """A rectangle on a sheet."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> Point:
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def left(self) -> Point:
        return self.x, self.middle[1]

    @property
    def right(self) -> Point:
        return self.x + self.width, self.middle[1]

    @property
    def top(self) -> Point:
        return self.middle[0], self.y

    @property
    def bottom(self) -> Point:
        return self.middle[0], self.y + self.height


class Sheet:
    """An SVG drawing.

    Args:
        width, height: size in pixels.
        title: title of the drawing.
        description: text alternative for people who cannot see it.
    """

    def __init__(self, width: int, height: int, title: str, description: str) -> None:
        size = f'viewBox="0 0 {width} {height}"'
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title desc">',
            f'<title id="title">{escape(title)}</title>',
            f'<desc id="desc">{escape(description)}</desc>',
            f"{_HEAD}<style>{_STYLE}</style>",
            f'<rect width="{width}" height="{height}" fill="#fff"/>',
        ]

    def text(self, style: str, at: Point, words: str, *, anchor: str = "") -> None:
        """Draw one line of text; ``anchor`` is SVG's ``text-anchor``."""
        align = f' style="text-anchor:{anchor}"' if anchor else ""
        self._parts.append(f'<text class="{style}" x="{at[0]:g}" y="{at[1]:g}"{align}>{escape(words)}</text>')

    def box(self, kind: Kind, box: Box, title: str, lines: Sequence[str] = ()) -> Box:
        """Draw a box with a title and lines of text in its middle."""
        self._rectangle(kind, box, 9)
        first = box.middle[1] - 8.5 * len(lines) + 5
        self.text("title", (box.middle[0], first), title)
        for number, line in enumerate(lines, start=1):
            self.text("line", (box.middle[0], first + 17 * number + 2), line)
        return box

    def table(self, at: Point, width: float, name: str, fields: Sequence[str]) -> Box:
        """Draw a database table with its main columns."""
        box = Box(x=at[0], y=at[1], width=width, height=32 + 16 * len(fields))
        self._rectangle("plain", box, 4)
        self._rectangle("ours", Box(x=box.x, y=box.y, width=width, height=25), 4)
        self.text("title", (box.middle[0], box.y + 17), name)
        for number, field in enumerate(fields):
            self.text("field", (box.x + 10, box.y + 42 + 16 * number), field)
        return box

    def frame(self, box: Box, label: str, *, indent: float = 14) -> None:
        """Draw a frame around other elements, with its label ``indent`` from the left."""
        self._rectangle("frame", box, 12)
        self.text("of-frame", (box.x + indent, box.y + 21), label)

    def arrow(self, *points: Point, label: Sequence[str] = (), at: Point = (0, 0), style: str = "") -> None:
        """Draw an arrow through points, with lines of text from ``at`` downwards."""
        path = " ".join(f"{x:g} {y:g}" for x, y in points)
        self._parts.append(f'<path class="arrow{style and " " + style}" d="M{path}" marker-end="url(#end)"/>')
        for number, line in enumerate(label):
            self.text("label", (at[0], at[1] + 16 * number), line)

    def life(self, x: float, top: float, bottom: float) -> None:
        """Draw the lifeline of an actor in a sequence diagram."""
        self._parts.append(f'<path class="life" d="M{x:g} {top:g}V{bottom:g}"/>')

    def shade(self, box: Box, words: str) -> None:
        """Draw a note in a sequence diagram."""
        self._rectangle("person", box, 4)
        self.text("line", (box.middle[0], box.middle[1] + 4), words)

    def svg(self) -> str:
        """Return the drawing as SVG."""
        return "\n".join([*self._parts, "</svg>\n"])

    def _rectangle(self, style: str, box: Box, round: float) -> None:
        size = f'width="{box.width:g}" height="{box.height:g}"'
        self._parts.append(f'<rect class="{style}" x="{box.x:g}" y="{box.y:g}" {size} rx="{round:g}"/>')
