"""The gallery: the videos open for voting."""

from __future__ import annotations

from flask import Blueprint, Flask, render_template

from services.core import videos
from services.core.votes import voted_videos
from services.portal.api.parameters import city
from services.portal.database import statements
from services.portal.pages.templating import viewer

_MOST = 120

pages = Blueprint("gallery", __name__)


def register(app: Flask) -> None:
    """Give an application its gallery."""
    app.register_blueprint(pages)


@pages.get("/gallery")
def show() -> str:
    """The videos of all players, or of a city's."""
    wanted_city = city()
    caller = viewer()
    with statements() as connection:
        shown = videos.public_videos(connection, city=wanted_city, most=_MOST)
        cities = videos.cities(connection)
        voted = set(voted_videos(connection, caller.user_id)) if caller else set()
    return render_template("pages/gallery.html", videos=shown, cities=cities, city=wanted_city or "", voted=voted)
