"""The public entry pages: the landing page and the gallery of videos open for voting."""

from __future__ import annotations

from flask import Blueprint, Flask, render_template

from services.contest.listing import PageCursor, gallery
from services.contest.rankings import cities, ranking
from services.contest.votes import voted_among
from services.portal.api.parameters import parse_city, parse_player_name
from services.portal.database import statements
from services.portal.http import cursors
from services.portal.pages.templating import viewer
from services.portal.pages.uploads import max_upload_text

_VIDEOS_PER_PAGE = 24
_LEADING_PLAYERS = 5

landing = Blueprint("landing", __name__)
pages = Blueprint("gallery", __name__)


def register(app: Flask) -> None:
    """Register the landing page and the gallery."""
    app.register_blueprint(landing)
    app.register_blueprint(pages)


@landing.get("/", endpoint="show")
def show_landing() -> str:
    """Explain the contest and show the leading players."""
    with statements() as connection:
        leading = ranking(connection, limit=_LEADING_PLAYERS)
    return render_template("pages/landing.html", ranking=leading, max_upload=max_upload_text())


@pages.get("/gallery")
def show() -> str:
    """Show the videos of all players, filtered by city, by player's name, or by both."""
    city, player, after = parse_city(), parse_player_name(), cursors.parse_cursor()
    caller = viewer()
    with statements() as connection:
        place = after.cursor if after else None
        found = gallery(connection, city=city, player=player, after=place, limit=_VIDEOS_PER_PAGE + 1)
        videos = found[:_VIDEOS_PER_PAGE]
        voted = voted_among(connection, caller.user_id, [video.id for video in videos]) if caller else set()
        all_cities = cities(connection)
    next_cursor = cursors.encode_cursor(PageCursor.of(videos[-1])) if len(found) > _VIDEOS_PER_PAGE else None
    return render_template(
        "pages/gallery.html",
        videos=videos,
        next_cursor=next_cursor,
        first=after is None,
        cities=all_cities,
        city=city.name if city else "",
        player=player or "",
        voted=voted,
    )
