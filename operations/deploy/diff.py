"""Readable differences between two values of an attribute."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

_MAX_LENGTH = 60
_MAX_DIFFERENCES = 8
_ENCODED_SCRIPT = base64.b64encode(b"#!/").decode()


def find_differences(attribute: str, old: Any, new: Any) -> Iterator[tuple[str, str, str]]:
    """Yield path, old value and new value of each difference; of JSON and scripts only the first few."""
    old_value, new_value = parse(old), parse(new)
    if old_value == new_value:
        if old != new:
            yield attribute, "same value", "different formatting"
        return
    found: list[tuple[str, Any, Any]] = [(attribute, old, new)]
    unit = "values"
    if isinstance(old_value, Script) and isinstance(new_value, Script):
        found = [(attribute, *lines) for lines in changed_lines(old_value, new_value)]
        unit = "lines"
    elif isinstance(old_value, Mapping | list) and isinstance(new_value, Mapping | list):
        old_leaves, new_leaves = dict(leaves(attribute, old_value)), dict(leaves(attribute, new_value))
        paths = [path for path in {**old_leaves, **new_leaves} if old_leaves.get(path) != new_leaves.get(path)]
        found = [(path, old_leaves.get(path), new_leaves.get(path)) for path in paths]
    for path, before, after in found[:_MAX_DIFFERENCES]:
        yield path, shorten(before), shorten(after)
    if len(found) > _MAX_DIFFERENCES:
        yield attribute, "and", f"{len(found) - _MAX_DIFFERENCES} more {unit}"


class Script(tuple[str, ...]):
    """The lines of a script."""

    __slots__ = ()


def changed_lines(old: Script, new: Script) -> Iterator[tuple[str | None, str | None]]:
    """Yield pairs of an old line and its replacement; None where a line was only added or removed."""
    for tag, start, end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield from zip_longest(old[start:end], new[new_start:new_end])


def parse(value: Any) -> Any:
    """Parse JSON text or base64-encoded user data; return any other value unchanged."""
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
    """Yield the scalars and empty containers in a structure, with their paths."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from leaves(f"{path}.{key}", item)
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            yield from leaves(f"{path}[{number}]" if len(value) > 1 else path, item)
    else:
        yield path, value


def shorten(value: Any) -> str:
    """Render a value on one line of limited length."""
    text = value if isinstance(value, str) and value else json.dumps(value, sort_keys=True)
    text = " ".join(text.split())
    return text if len(text) <= _MAX_LENGTH else f"{text[: _MAX_LENGTH - 1]}…"
