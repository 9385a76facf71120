"""/api/public: the videos open for voting, and the ranking."""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from services.contest.listing import PageCursor, gallery
from services.contest.rankings import ranking, ranking_after
from services.portal.api.operation import Operation, operation
from services.portal.api.parameters import parse_city_part, parse_page_and_limit, parse_whole_number
from services.portal.api.schemas.videos import PublicVideo, public_video
from services.portal.api.schemas.votes import RankedVideo, ranked_video
from services.portal.database import statements
from services.portal.http import cursors

blueprint = Blueprint("public", __name__, url_prefix="/api/public")

_MOST = 500
_INVALID_CITY = "Invalid city parameter"
_CITY = {"type": "string", "description": "part of a city's name; case and accents make no difference"}
_CURSOR = {"type": "string", "description": "from the Link header of the previous page"}


@blueprint.get("/videos")
@operation(
    Operation(
        answers={200: list[PublicVideo]},
        refuses={400: ("Invalid per_page parameter", _INVALID_CITY, cursors.INVALID)},
        query={
            "per_page": {
                "type": "integer",
                "default": _MOST,
                "description": f"1 to {_MOST}; other values count as {_MOST}",
            },
            "city": _CITY,
            "cursor": _CURSOR,
        },
    )
)
def list_public() -> ResponseReturnValue:
    """List the videos open for voting, by votes, then the latest upload first. A Link header names the next page."""
    # Existing clients send `limit`, which has never had an effect.
    limit = parse_whole_number("per_page", _MOST)
    limit = limit if 1 <= limit <= _MOST else _MOST
    after = cursors.parse_cursor()
    with statements() as connection:
        videos = gallery(connection, city=parse_city_part(), after=after.cursor if after else None, limit=limit + 1)
    page = videos[:limit]
    link = cursors.next_link(cursors.encode_cursor(PageCursor.of(page[-1]))) if len(videos) > limit else {}
    return jsonify([public_video(video) for video in page]), link


@blueprint.get("/rankings")
@operation(
    Operation(
        answers={200: list[RankedVideo], 304: None},
        refuses={
            400: ("Invalid page parameter", "Invalid limit parameter", _INVALID_CITY, cursors.INVALID),
        },
        query={
            "page": {"type": "integer", "default": 1, "description": "from 1; less counts as 1"},
            "limit": {"type": "integer", "default": 50, "description": "1 to 100; other values count as 50"},
            "city": _CITY,
            "cursor": {**_CURSOR, "description": f"{_CURSOR['description']}; replaces page"},
        },
    )
)
def show_ranking() -> ResponseReturnValue:
    """Show a page of the ranking: videos with votes, those with the most first. A Link header names the next page."""
    page, limit = parse_page_and_limit()
    after, city = cursors.parse_cursor(), parse_city_part()
    with statements() as connection:
        if after:
            ranked_videos = ranking_after(connection, after, city=city, limit=limit)
        else:
            ranked_videos = ranking(connection, city=city, page=page, limit=limit)
    link = cursors.next_link(cursors.encode_ranked(ranked_videos[-1])) if len(ranked_videos) == limit else {}
    response = jsonify([ranked_video(ranked) for ranked in ranked_videos])
    response.headers.update(link)
    # Clients that poll get 304 if nothing has changed.
    response.cache_control.no_cache = True
    response.add_etag()
    return response.make_conditional(request)
