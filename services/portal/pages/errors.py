"""Error pages: what happened, in the viewer's language, and links to continue."""

from __future__ import annotations

from flask import Flask, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString, lazy_gettext
from werkzeug.exceptions import RequestEntityTooLarge

from services.portal.http.errors import DATABASE_DOWN, Forbidden, use_error_pages
from services.portal.pages.navigation import current_path
from services.portal.pages.notices import set_notice
from services.portal.pages.templating import viewer

_TEXTS: dict[int, tuple[LazyString, LazyString]] = {
    400: (
        lazy_gettext("That did not work"),
        lazy_gettext("The request could not be understood. Go back and try again."),
    ),
    403: (
        lazy_gettext("You may not do this"),
        lazy_gettext(
            "It belongs to somebody else, or the page was open for too long. Load it again and try once more."
        ),
    ),
    404: (lazy_gettext("Out of bounds"), lazy_gettext("This page does not exist, or the video is no longer here.")),
    413: (lazy_gettext("Too large"), lazy_gettext("What you sent is larger than we accept.")),
    429: (
        lazy_gettext("Not so fast"),
        lazy_gettext("That was tried too often in a short time. Wait a minute and try again."),
    ),
    500: (
        lazy_gettext("Foul on us"),
        lazy_gettext("Something failed on our side. It was noted; try again in a while."),
    ),
    503: (
        lazy_gettext("Time out"),
        lazy_gettext("A part of the portal does not answer at the moment. Nothing is lost; try again in a minute."),
    ),
}


def register(app: Flask) -> None:
    """Register the error pages."""
    use_error_pages(app, _page)


def _page(status: int, text: str) -> ResponseReturnValue:
    if status == 401:
        return set_notice(redirect(url_for("accounts.login", next=current_path()), 303), "sign-in-first")
    knows_viewer = _knows_viewer(status)
    heading, explanation = _TEXTS.get(status) or _TEXTS[500 if status >= 500 else 400]
    page = render_template(
        "pages/error.html", status=int(status), heading=heading, explanation=explanation, knows_viewer=knows_viewer
    )
    return page, status


def _knows_viewer(status: int) -> bool:
    """Return whether the viewer can be identified; if not, render the error page as for a signed-out viewer.

    The identification must not fail for the cause of the error: the database, a wrong token or a form too large.
    """
    if status < 500:
        try:
            viewer()
        except (Forbidden, RequestEntityTooLarge, *DATABASE_DOWN):
            pass
        else:
            return True
    g.viewer = None
    return False
