"""The path of the current page, and redirects back to it after a form."""

from __future__ import annotations

import re

from flask import redirect, request, url_for
from werkzeug import Response
from werkzeug.exceptions import RequestEntityTooLarge

# A path of this site: a second slash or a backslash after the first slash would name another host.
_PATH = re.compile(r"/(?![/\\])[^\x00-\x20\\]*")


def current_path() -> str:
    """Return the path of the page that the viewer is on."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    return next_path()


def next_path(default: str = "landing.show") -> str:
    """Return the path in the request's ``next`` parameter, if it is one of this site.

    Args:
        default: Endpoint to use if there is no valid path.
    """
    try:
        path = request.values.get("next", "")
    except RequestEntityTooLarge:
        # The page for this very error calls this function too.
        path = request.args.get("next", "")
    return path if _PATH.fullmatch(path) else url_for(default)


def redirect_back(default: str = "landing.show") -> Response:
    """Return a redirect to the path in the request's ``next`` parameter.

    Args:
        default: Endpoint to use if there is no valid path.
    """
    return redirect(next_path(default), 303)
