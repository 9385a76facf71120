"""The rankings: of the country and of each city, kept up to date on the open page."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Flask, Response, make_response, render_template, request

from services.contest.listing import InCity
from services.contest.rankings import Ranked, cities, find_player_ranks, ranking
from services.contest.vote_counts import read_audit_result
from services.portal.api.parameters import page_and_limit, whole_city
from services.portal.database import statements
from services.portal.pages.language import chosen
from services.portal.pages.templating import viewer
from services.portal.resources import resources

_ON_A_PAGE = 20
# However many look at an open ranking, its list is made once in this time, in each process.
KEPT_SECONDS = 1.0

pages = Blueprint("rankings", __name__, url_prefix="/rankings")


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """A page of a ranking.

    Args:
        city: whose; empty for the country.
        page: from 1.
        rows: on it.
        more: whether there is a next page.
    """

    city: str
    page: int
    rows: list[Ranked]
    more: bool


def register(app: Flask) -> None:
    """Give an application its rankings."""
    app.register_blueprint(pages)


@pages.get("")
def show() -> str:
    """A page of the ranking, of all players or of a city's; and the person's own places."""
    caller = viewer()
    with statements() as connection:
        own = find_player_ranks(connection, caller.user_id) if caller else []
        known, counted = cities(connection), read_audit_result(connection)
    return render_template("pages/rankings.html", shown=_shown(), own=own, cities=known, counted=counted)


@pages.get("/list")
def show_list() -> Response:
    """The list alone, for the page that stands open; unchanged it costs nothing."""
    city, (page, _) = whole_city(), page_and_limit()
    key = (chosen(), city.name if city else "", page)
    text = resources().rankings.get(key, lambda: render_template("pages/rankings_list.html", shown=_shown()))
    response = make_response(text)
    response.cache_control.no_cache = True
    response.vary.add("Cookie")
    response.add_etag()
    response.make_conditional(request)
    return response


@pages.get("/verification")
def show_verification() -> str:
    """How anybody can see that the votes are counted right, in plain words."""
    with statements() as connection:
        counted = read_audit_result(connection)
    return render_template("pages/verification.html", counted=counted)


def _shown() -> _Shown:
    city, (page, _) = whole_city(), page_and_limit()
    with statements() as connection:
        rows = ranking(connection, city=city, page=page, limit=_ON_A_PAGE)
        # The first place of the next page is there or not.
        more = bool(ranking(connection, city=city, page=page * _ON_A_PAGE + 1, limit=1)) if rows else False
    return _Shown(city=_name(city), page=page, rows=rows, more=more)


def _name(city: InCity | None) -> str:
    return city.name if city else ""
