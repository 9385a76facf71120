"""The language of the pages: Spanish, unless the viewer chose English."""

from __future__ import annotations

from flask import Blueprint, Flask, request
from flask.typing import ResponseReturnValue
from flask_babel import Babel

from services.portal.http.cookies import cookie_name, set_cookie
from services.portal.pages.navigation import redirect_back

LANGUAGES = {"es": "es_CO", "en": "en"}
_COOKIE = "language"
_ONE_YEAR = 31_536_000

pages = Blueprint("language", __name__)


def register(app: Flask) -> None:
    """Configure the languages; times are shown in Colombia's time zone."""
    app.config["BABEL_DEFAULT_LOCALE"] = LANGUAGES["es"]
    app.config["BABEL_DEFAULT_TIMEZONE"] = "America/Bogota"
    Babel(app, locale_selector=lambda: LANGUAGES[selected_language()])
    app.add_template_global(selected_language, "language")
    app.register_blueprint(pages)


def selected_language() -> str:
    """Return the language of the request: ``es`` or ``en``."""
    language = request.cookies.get(cookie_name(_COOKIE), "")
    return language if language in LANGUAGES else "es"


@pages.post("/language")
def choose() -> ResponseReturnValue:
    """Store the viewer's language in a cookie and return to the page."""
    response = redirect_back()
    language = request.form.get("language", "")
    if language in LANGUAGES:
        set_cookie(response, _COOKIE, language, seconds=_ONE_YEAR)
    return response
