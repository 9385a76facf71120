"""Where two values of an attribute differ, in words for people."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

_LONGEST = 60
_PLACES = 8
_ENCODED_SCRIPT = base64.b64encode(b"#!/").decode()


def differing(attribute: str, old: Any, new: Any) -> Iterator[tuple[str, str, str]]:
    """Where two values differ: path, and both values for people; the first few places of a structure or a script."""
    structure, other = parsed(old), parsed(new)
    if structure == other:
        if old != new:
            yield attribute, "the same", "written otherwise"
        return
    found: list[tuple[str, Any, Any]] = [(attribute, old, new)]
    kind = "places"
    if isinstance(structure, Script) and isinstance(other, Script):
        found = [(attribute, *lines) for lines in changed_lines(structure, other)]
        kind = "lines"
    elif isinstance(structure, Mapping | list) and isinstance(other, Mapping | list):
        was, becomes = dict(leaves(attribute, structure)), dict(leaves(attribute, other))
        paths = [path for path in {**was, **becomes} if was.get(path) != becomes.get(path)]
        found = [(path, was.get(path), becomes.get(path)) for path in paths]
    for path, before, after in found[:_PLACES]:
        yield path, short(before), short(after)
    if len(found) > _PLACES:
        yield attribute, "and", f"{len(found) - _PLACES} {kind} more"


class Script(tuple[str, ...]):
    """The lines of a script."""

    __slots__ = ()


def changed_lines(old: Script, new: Script) -> Iterator[tuple[str | None, str | None]]:
    """The lines that differ, each with what stands in its place; None where nothing does."""
    for same, first, end, other_first, other_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if same != "equal":
            yield from zip_longest(old[first:end], new[other_first:other_end])


def parsed(value: Any) -> Any:
    """What a text of JSON says, or the lines of a script that user-data holds; any other value as it is."""
    if isinstance(value, str) and value.startswith(_ENCODED_SCRIPT):
        try:
            return Script(base64.b64decode(value, validate=True).decode().splitlines())
        except ValueError:
            return value
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The values in a structure that are none themselves, by path."""
    if isinstance(value, Mapping) and value:
        for key, each in value.items():
            yield from leaves(f"{path}.{key}", each)
    elif isinstance(value, list) and value:
        for number, each in enumerate(value):
            yield from leaves(f"{path}[{number}]" if len(value) > 1 else path, each)
    else:
        yield path, value


def short(value: Any) -> str:
    """A value for people, on one line."""
    text = value if isinstance(value, str) and value else json.dumps(value, sort_keys=True)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
