"""The rankings: of the country and of each city."""

from __future__ import annotations

from flask import Blueprint, Flask, render_template

from services.core.rankings import cities, ranking
from services.portal.api.parameters import page_and_limit, whole_city
from services.portal.database import statements

_ON_A_PAGE = 20

pages = Blueprint("rankings", __name__)


def register(app: Flask) -> None:
    """Give an application its rankings."""
    app.register_blueprint(pages)


@pages.get("/rankings")
def show() -> str:
    """A page of the ranking, of all players or of a city's."""
    city = whole_city()
    page, _ = page_and_limit()
    with statements() as connection:
        shown = ranking(connection, city=city, page=page, limit=_ON_A_PAGE)
        # The first place of the next page is there or not.
        more = ranking(connection, city=city, page=page * _ON_A_PAGE + 1, limit=1)
        known = cities(connection)
    return render_template(
        "pages/rankings.html",
        ranking=shown,
        more=bool(more),
        page=page,
        cities=known,
        city=city.name if city else "",
    )
