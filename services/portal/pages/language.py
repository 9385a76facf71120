"""The language of the pages: Spanish, unless the person chose English."""

from __future__ import annotations

from flask import Blueprint, Flask, request
from flask.typing import ResponseReturnValue
from flask_babel import Babel

from services.portal.http.cookies import cookie_name, set_cookie
from services.portal.pages.navigation import back

LANGUAGES = {"es": "es_CO", "en": "en"}
_COOKIE = "language"
_ONE_YEAR = 31_536_000

pages = Blueprint("language", __name__)


def register(app: Flask) -> None:
    """Give an application its languages; times are told as the clocks of Colombia show them."""
    app.config["BABEL_DEFAULT_LOCALE"] = LANGUAGES["es"]
    app.config["BABEL_DEFAULT_TIMEZONE"] = "America/Bogota"
    Babel(app, locale_selector=lambda: LANGUAGES[chosen()])
    app.add_template_global(chosen, "language")
    app.register_blueprint(pages)


def chosen() -> str:
    """The language of this request: ``es`` or ``en``."""
    wish = request.cookies.get(cookie_name(_COOKIE), "")
    return wish if wish in LANGUAGES else "es"


@pages.post("/language")
def choose() -> ResponseReturnValue:
    """Remember the person's language and go back to the page."""
    response = back()
    wish = request.form.get("language", "")
    if wish in LANGUAGES:
        set_cookie(response, _COOKIE, wish, seconds=_ONE_YEAR)
    return response
