"""The gallery: the videos open for voting."""

from __future__ import annotations

from flask import Blueprint, Flask, render_template

from services.contest.listing import PageCursor, gallery
from services.contest.rankings import cities
from services.contest.votes import voted_among
from services.portal.api.parameters import player_name, whole_city
from services.portal.database import statements
from services.portal.http import cursors
from services.portal.pages.templating import viewer

_ON_A_PAGE = 24

pages = Blueprint("gallery", __name__)


def register(app: Flask) -> None:
    """Give an application its gallery."""
    app.register_blueprint(pages)


@pages.get("/gallery")
def show() -> str:
    """The videos of all players, of those of a city, of those called so, or both."""
    city, player, after = whole_city(), player_name(), cursors.wanted()
    caller = viewer()
    with statements() as connection:
        place = after.place if after else None
        found = gallery(connection, city=city, player=player, after=place, limit=_ON_A_PAGE + 1)
        shown = found[:_ON_A_PAGE]
        voted = voted_among(connection, caller.user_id, [video.id for video in shown]) if caller else set()
        known = cities(connection)
    rest = cursors.of_place(PageCursor.of(shown[-1])) if len(found) > _ON_A_PAGE else None
    return render_template(
        "pages/gallery.html",
        videos=shown,
        rest=rest,
        first=after is None,
        cities=known,
        city=city.name if city else "",
        player=player or "",
        voted=voted,
    )
