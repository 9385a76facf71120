"""Static files under addresses that carry the hash of their contents, so that browsers may keep them for good.

One hash stands for the whole folder: scripts and style sheets name each other by relative addresses, which so carry it
as well, and nothing in a file has to be rewritten.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from flask import Flask, Response, send_from_directory
from werkzeug.routing import BaseConverter

FOLDER = Path(__file__).resolve().parent.parent / "static"
_ENDPOINT = "static"
_ONE_YEAR = 31_536_000


class DigestConverter(BaseConverter):
    """The part of an address that is a hash of static files, of this release or another."""

    regex = "[0-9a-f]{16}"


def register(app: Flask) -> None:
    """Give an application its static files; ``url_for("static", filename=...)`` leads to them."""
    ours = digest_of(FOLDER)

    def serve(filename: str, digest: str | None = None) -> Response:
        response = send_from_directory(FOLDER, filename)
        # While releases change, a page of one may ask an instance of the other: it gets what is there, and asks again.
        if digest == ours:
            response.headers["Cache-Control"] = f"public, max-age={_ONE_YEAR}, immutable"
        return response

    app.url_map.converters["digest"] = DigestConverter
    for rule in ("/static/<digest:digest>/<path:filename>", "/static/<path:filename>"):
        app.add_url_rule(rule, _ENDPOINT, serve)

    @app.url_defaults
    def name_digest(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == _ENDPOINT:
            values.setdefault("digest", ours)


def digest_of(folder: Path) -> str:
    """The hash of a folder's files, by their names and contents."""
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        whole.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return whole.hexdigest()[:16]
