"""The rankings of the country and of each city, updated while the page is open."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Flask, Response, make_response, render_template, request

from services.contest.listing import InCity
from services.contest.rankings import Ranked, cities, find_player_ranks, ranking
from services.contest.vote_counts import read_audit_result
from services.portal.api.parameters import parse_city, parse_page_and_limit
from services.portal.database import statements
from services.portal.pages.language import selected_language
from services.portal.pages.templating import viewer
from services.portal.resources import resources

_ROWS_PER_PAGE = 20
# Each process renders a list at most once in this time, however many viewers poll it.
CACHE_SECONDS = 1.0

pages = Blueprint("rankings", __name__, url_prefix="/rankings")


@dataclass(frozen=True, kw_only=True)
class _RankingPage:
    """A page of a ranking.

    Args:
        city: City of the ranking; empty for the country.
        page: Number of the page, from 1.
        rows: Rows of the page.
        more: Whether there is a next page.
    """

    city: str
    page: int
    rows: list[Ranked]
    more: bool


def register(app: Flask) -> None:
    """Register the rankings."""
    app.register_blueprint(pages)


@pages.get("")
def show() -> str:
    """Show a page of the ranking of all players or of a city, and the viewer's own positions."""
    caller = viewer()
    with statements() as connection:
        own = find_player_ranks(connection, caller.user_id) if caller else []
        all_cities, audit = cities(connection), read_audit_result(connection)
    return render_template("pages/rankings.html", shown=_read_page(), own=own, cities=all_cities, audit=audit)


@pages.get("/list")
def show_list() -> Response:
    """Return only the list, which the open page polls; an unchanged list gives 304."""
    city, (page, _) = parse_city(), parse_page_and_limit()
    key = (selected_language(), city.name if city else "", page)
    text = resources().ranking_cache.get(key, lambda: render_template("pages/rankings_list.html", shown=_read_page()))
    response = make_response(text)
    response.cache_control.no_cache = True
    response.vary.add("Cookie")
    response.add_etag()
    response.make_conditional(request)
    return response


@pages.get("/verification")
def show_verification() -> str:
    """Explain how everyone can verify the vote counts."""
    with statements() as connection:
        audit = read_audit_result(connection)
    return render_template("pages/verification.html", audit=audit)


def _read_page() -> _RankingPage:
    city, (page, _) = parse_city(), parse_page_and_limit()
    with statements() as connection:
        rows = ranking(connection, city=city, page=page, limit=_ROWS_PER_PAGE)
        # Read the first row of the next page.
        more = bool(ranking(connection, city=city, page=page * _ROWS_PER_PAGE + 1, limit=1)) if rows else False
    return _RankingPage(city=_name(city), page=page, rows=rows, more=more)


def _name(city: InCity | None) -> str:
    return city.name if city else ""
