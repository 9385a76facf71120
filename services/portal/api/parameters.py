"""Parameters in paths and queries."""

from __future__ import annotations

import re
from uuid import UUID

from flask import request

from services.contest.listing import InCity
from services.portal.http.errors import BadRequest

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")
_LAST_PAGE = 1_000_000
LARGEST_ID = 2**31 - 1
"""The largest whole number that ids and counts of the database have."""
_LONGEST_NAME = 101  # first and last name, of 50 each, and the space between them
_SHORTEST_WORD = 2


def parse_uuid(text: str) -> UUID | None:
    """The UUID a text spells in its standard form, or None."""
    return UUID(text) if _UUID.fullmatch(text) else None


def page_and_limit() -> tuple[int, int]:
    """The query's page and limit, those out of range brought back as the original does.

    Raises:
        BadRequest: one of them is no whole number.
    """
    page = whole_number("page", 1)
    limit = whole_number("limit", 50)
    return min(max(page, 1), _LAST_PAGE), limit if 1 <= limit <= 100 else 50


def part_of_city() -> InCity | None:
    """The query's part of a city's name, or None for all cities.

    Raises:
        BadRequest: it holds a NUL, which no city's name has.
    """
    name = _city()
    return InCity(name=name, whole=False) if name else None


def whole_city() -> InCity | None:
    """The query's city, or None for all cities.

    Raises:
        BadRequest: it holds a NUL, which no city's name has.
    """
    name = _city()
    return InCity(name=name, whole=True) if name else None


def _city() -> str:
    text = request.args.get("city", "")
    if "\0" in text:
        raise BadRequest("Invalid city parameter")
    return text


def player_name() -> str | None:
    """The query's words of a player's name, or None for all players.

    Raises:
        BadRequest: it holds a NUL, which no name has, is longer than any, or no word of it has two letters: nearly
            everybody has a name with any one letter.
    """
    words = request.args.get("player", "").split()
    text = " ".join(words)
    if words and ("\0" in text or len(text) > _LONGEST_NAME or max(map(len, words)) < _SHORTEST_WORD):
        raise BadRequest("Invalid player parameter")
    return text or None


def whole_number(name: str, default: int) -> int:
    """A whole number of the query.

    Args:
        name: of the parameter.
        default: where it is missing or empty.

    Raises:
        BadRequest: it is no whole number.
    """
    text = request.args.get(name, "")
    if not text:
        return default
    if not _WHOLE_NUMBER.fullmatch(text):
        raise BadRequest(f"Invalid {name} parameter")
    return int(text)
