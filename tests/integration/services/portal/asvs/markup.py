"""Parse a page's elements, as a browser would."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser


@dataclass(frozen=True)
class Element:
    """A start tag and the text that follows it."""

    tag: str
    attributes: dict[str, str | None]
    text: str


class _TagCollector(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None], list[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs), []))

    def handle_data(self, data: str) -> None:
        if self.tags:
            self.tags[-1][2].append(data)


def elements(page: str) -> list[Element]:
    """Return the elements of a page in document order."""
    collector = _TagCollector()
    collector.feed(page)
    collector.close()
    return [Element(tag, attributes, "".join(text).strip()) for tag, attributes, text in collector.tags]


def inputs(page: str) -> dict[str, dict[str, str | None]]:
    """Return the attributes of a page's input fields by name."""
    attribute_dicts = (element.attributes for element in elements(page) if element.tag == "input")
    return {str(attributes["name"]): attributes for attributes in attribute_dicts if attributes.get("name")}
