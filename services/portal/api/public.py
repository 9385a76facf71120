"""/api/public: the videos open for voting, and the ranking."""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from services.contest.listing import PageCursor, gallery
from services.contest.rankings import ranking, ranking_after
from services.portal.api.operation import Operation, operation
from services.portal.api.parameters import page_and_limit, part_of_city, whole_number
from services.portal.api.schemas.videos import PublicVideo, public_video
from services.portal.api.schemas.votes import RankedVideo, ranked_video
from services.portal.database import statements
from services.portal.http import cursors

blueprint = Blueprint("public", __name__, url_prefix="/api/public")

_MOST = 500
_INVALID_CITY = "Invalid city parameter"
_CITY = {"type": "string", "description": "part of a city's name; case and accents make no difference"}
_CURSOR = {"type": "string", "description": "from the Link header of the page before"}


@blueprint.get("/videos")
@operation(
    Operation(
        answers={200: list[PublicVideo]},
        refuses={400: ("Invalid per_page parameter", _INVALID_CITY, cursors.INVALID)},
        query={
            "per_page": {
                "type": "integer",
                "default": _MOST,
                "description": f"1 to {_MOST}; others are taken as {_MOST}",
            },
            "city": _CITY,
            "cursor": _CURSOR,
        },
    )
)
def list_public() -> ResponseReturnValue:
    """The videos open for voting: most votes first, then the later upload. A Link header leads to the rest."""
    # Existing clients send a limit that never was honoured.
    limit = whole_number("per_page", _MOST)
    limit = limit if 1 <= limit <= _MOST else _MOST
    after = cursors.wanted()
    with statements() as connection:
        videos = gallery(connection, city=part_of_city(), after=after.place if after else None, limit=limit + 1)
    shown = videos[:limit]
    rest = cursors.link_to(cursors.of_place(PageCursor.of(shown[-1]))) if len(videos) > limit else {}
    return jsonify([public_video(video) for video in shown]), rest


@blueprint.get("/rankings")
@operation(
    Operation(
        answers={200: list[RankedVideo], 304: None},
        refuses={
            400: ("Invalid page parameter", "Invalid limit parameter", _INVALID_CITY, cursors.INVALID),
        },
        query={
            "page": {"type": "integer", "default": 1, "description": "from 1; less is taken as 1"},
            "limit": {"type": "integer", "default": 50, "description": "1 to 100; others are taken as 50"},
            "city": _CITY,
            "cursor": {**_CURSOR, "description": f"{_CURSOR['description']}; page is ignored then"},
        },
    )
)
def show_ranking() -> ResponseReturnValue:
    """A page of the ranking: the videos that have votes, those with the most first. A Link header leads to the rest."""
    page, limit = page_and_limit()
    after, city = cursors.wanted(), part_of_city()
    with statements() as connection:
        if after:
            found = ranking_after(connection, after, city=city, limit=limit)
        else:
            found = ranking(connection, city=city, page=page, limit=limit)
    rest = cursors.link_to(cursors.of_ranked(found[-1])) if len(found) == limit else {}
    response = jsonify([ranked_video(ranked) for ranked in found])
    response.headers.update(rest)
    # Whoever asks again and again is told in a line where nothing has changed.
    response.cache_control.no_cache = True
    response.add_etag()
    return response.make_conditional(request)
