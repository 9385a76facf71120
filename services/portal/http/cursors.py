"""Places in lists as texts for addresses: what a page ended with, and the next one begins after."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID

from flask import request

from services.contest.listing import PageCursor
from services.contest.rankings import Ranked, RankedPlace
from services.portal.http.errors import BadRequest

INVALID = "Invalid cursor parameter"
_LARGEST = 2**31 - 1


def of_place(place: PageCursor, position: int = 0) -> str:
    """A place as a text for an address.

    Args:
        position: in a ranking.
    """
    fields = [position, place.votes, place.uploaded_at.astimezone(UTC).isoformat(), str(place.video_id)]
    return base64.urlsafe_b64encode(json.dumps(fields).encode()).decode().rstrip("=")


def of_ranked(ranked: Ranked) -> str:
    """A place in a ranking as a text for an address."""
    return of_place(PageCursor.of(ranked.video), ranked.position)


def wanted() -> RankedPlace | None:
    """The place that the request wants to go on after, or None for the beginning.

    Raises:
        BadRequest: what it says is no place.
    """
    text = request.args.get("cursor", "")
    if not text:
        return None
    try:
        position, votes, moment, video_id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        uploaded_at = datetime.fromisoformat(moment)
        known = isinstance(position, int) and isinstance(votes, int) and uploaded_at.tzinfo is not None
        if not known or not 0 <= position <= _LARGEST or not -_LARGEST <= votes <= _LARGEST:
            raise ValueError(text)
        return RankedPlace(
            position=position, place=PageCursor(votes=votes, uploaded_at=uploaded_at, video_id=UUID(video_id))
        )
    except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError):
        raise BadRequest(INVALID) from None


def link_to(cursor: str) -> dict[str, str]:
    """The header that leads to the rest of a list (RFC 8288).

    Args:
        cursor: where the rest begins.
    """
    query = {name: value for name, value in request.args.items() if name not in ("page", "cursor")}
    path = f"{request.path}?{urlencode({**query, 'cursor': cursor})}"
    return {"Link": f'<{path}>; rel="next"'}
