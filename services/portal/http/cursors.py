"""Cursors of paginated lists: the last row of a page, encoded for the URL of the next page."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID

from flask import request

from services.contest.listing import PageCursor
from services.contest.rankings import Ranked, RankingCursor
from services.portal.http.errors import BadRequest

INVALID = "Invalid cursor parameter"
_LARGEST = 2**31 - 1


def encode_cursor(place: PageCursor, position: int = 0) -> str:
    """Encode a row for a URL.

    Args:
        place: Sort key of the row.
        position: Position of the row in a ranking. Default: 0, not a ranking.
    """
    fields = [position, place.votes, place.uploaded_at.astimezone(UTC).isoformat(), str(place.video_id)]
    return base64.urlsafe_b64encode(json.dumps(fields).encode()).decode().rstrip("=")


def encode_ranked(ranked: Ranked) -> str:
    """Encode a row of a ranking for a URL."""
    return encode_cursor(PageCursor.of(ranked.video), ranked.position)


def parse_cursor() -> RankingCursor | None:
    """Parse the request's cursor; return None for the first page.

    Raises:
        BadRequest: the cursor is invalid.
    """
    text = request.args.get("cursor", "")
    if not text:
        return None
    try:
        position, votes, moment, video_id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        uploaded_at = datetime.fromisoformat(moment)
        has_types = isinstance(position, int) and isinstance(votes, int) and uploaded_at.tzinfo is not None
        if not has_types or not 0 <= position <= _LARGEST or not -_LARGEST <= votes <= _LARGEST:
            raise ValueError(text)
        return RankingCursor(
            position=position, cursor=PageCursor(votes=votes, uploaded_at=uploaded_at, video_id=UUID(video_id))
        )
    except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError):
        raise BadRequest(INVALID) from None


def next_link(cursor: str) -> dict[str, str]:
    """Return the Link header of the next page (RFC 8288).

    Args:
        cursor: Cursor of the next page.
    """
    query = {name: value for name, value in request.args.items() if name not in ("page", "cursor")}
    path = f"{request.path}?{urlencode({**query, 'cursor': cursor})}"
    return {"Link": f'<{path}>; rel="next"'}
