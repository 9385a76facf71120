"""Parsers for parameters in paths and queries."""

from __future__ import annotations

import re
from uuid import UUID

from flask import request

from services.contest.listing import InCity
from services.portal.http.errors import ApiError, BadRequest

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")
_LAST_PAGE = 1_000_000
LARGEST_ID = 2**31 - 1
"""Largest value of the database's integer columns."""
_LONGEST_NAME = 101  # first name (50), a space, last name (50)
_SHORTEST_WORD = 2


def parse_uuid(text: str) -> UUID | None:
    """Parse a UUID in its standard form; return None if it is not one."""
    return UUID(text) if _UUID.fullmatch(text) else None


def parse_video_id(text: str, error: ApiError) -> UUID:
    """Parse the video id of a path.

    Args:
        text: The path's part.
        error: Error to raise if the text is not a UUID.
    """
    video_id = parse_uuid(text)
    if video_id is None:
        raise error
    return video_id


def parse_page_and_limit() -> tuple[int, int]:
    """Return the query's page and limit, out-of-range values adjusted as in the original API.

    Raises:
        BadRequest: a value is not a whole number.
    """
    page = parse_whole_number("page", 1)
    limit = parse_whole_number("limit", 50)
    return min(max(page, 1), _LAST_PAGE), limit if 1 <= limit <= 100 else 50


def parse_city_part() -> InCity | None:
    """Return the query's part of a city name, or None for all cities.

    Raises:
        BadRequest: the text contains a NUL character.
    """
    name = _city()
    return InCity(name=name, whole=False) if name else None


def parse_city() -> InCity | None:
    """Return the query's city, or None for all cities.

    Raises:
        BadRequest: the text contains a NUL character.
    """
    name = _city()
    return InCity(name=name, whole=True) if name else None


def _city() -> str:
    text = request.args.get("city", "")
    if "\0" in text:
        raise BadRequest("Invalid city parameter")
    return text


def parse_player_name() -> str | None:
    """Return the query's words of a player's name, or None for all players.

    Raises:
        BadRequest: the text contains a NUL character, is longer than the longest name, or has no word of two letters
            (a single letter matches nearly every name).
    """
    words = request.args.get("player", "").split()
    text = " ".join(words)
    if words and ("\0" in text or len(text) > _LONGEST_NAME or max(map(len, words)) < _SHORTEST_WORD):
        raise BadRequest("Invalid player parameter")
    return text or None


def parse_whole_number(name: str, default: int) -> int:
    """Parse a whole number of the query.

    Args:
        name: Name of the parameter.
        default: Value if the parameter is missing or empty.

    Raises:
        BadRequest: the value is not a whole number.
    """
    text = request.args.get(name, "")
    if not text:
        return default
    if not _WHOLE_NUMBER.fullmatch(text):
        raise BadRequest(f"Invalid {name} parameter")
    return int(text)
