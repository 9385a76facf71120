"""The first page: what this is, and who leads."""

from __future__ import annotations

from flask import Blueprint, Flask, render_template

from services.contest.rankings import ranking
from services.portal.database import statements
from services.portal.pages.uploads import max_upload_text

_PLAYERS = 5

pages = Blueprint("landing", __name__)


def register(app: Flask) -> None:
    """Give an application its first page."""
    app.register_blueprint(pages)


@pages.get("/")
def show() -> str:
    """Tell what the portal is and show the leading players."""
    with statements() as connection:
        leading = ranking(connection, limit=_PLAYERS)
    return render_template("pages/landing.html", ranking=leading, max_upload=max_upload_text())
