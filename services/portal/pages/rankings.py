"""The rankings: of the country and of each city."""

from __future__ import annotations

from flask import Blueprint, Flask, render_template

from services.core import videos
from services.portal.api.parameters import city, page_and_limit
from services.portal.database import statements

_ON_A_PAGE = 20

pages = Blueprint("rankings", __name__)


def register(app: Flask) -> None:
    """Give an application its rankings."""
    app.register_blueprint(pages)


@pages.get("/rankings")
def show() -> str:
    """A page of the ranking, of all players or of a city's."""
    wanted_city = city()
    page, _ = page_and_limit()
    with statements() as connection:
        shown = videos.ranking(connection, city=wanted_city, page=page, limit=_ON_A_PAGE)
        # The first place of the next page is there or not.
        more = videos.ranking(connection, city=wanted_city, page=page * _ON_A_PAGE + 1, limit=1)
        cities = videos.cities(connection)
    return render_template(
        "pages/rankings.html", ranking=shown, more=bool(more), page=page, cities=cities, city=wanted_city or ""
    )
