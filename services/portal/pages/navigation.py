"""Where a person is, and where they are sent after a form."""

from __future__ import annotations

import re

from flask import redirect, request, url_for
from werkzeug import Response
from werkzeug.exceptions import RequestEntityTooLarge

# A path of this site: a second slash or a backslash at its start would name another host.
_PATH = re.compile(r"/(?![/\\])[^\x00-\x20\\]*")


def here() -> str:
    """The page the person looks at, to come back to it."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    return wanted()


def wanted(default: str = "landing.show") -> str:
    """The page the request names in ``next``, if it is one of this site's.

    Args:
        default: endpoint to go to where it names none.
    """
    try:
        path = request.values.get("next", "")
    except RequestEntityTooLarge:
        # The page that says so asks as well.
        path = request.args.get("next", "")
    return path if _PATH.fullmatch(path) else url_for(default)


def back(default: str = "landing.show") -> Response:
    """An answer that sends the browser to the page it asked for.

    Args:
        default: endpoint to go to where it asked for none.
    """
    return redirect(wanted(default), 303)
