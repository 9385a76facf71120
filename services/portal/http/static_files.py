"""Static files under URLs with the hash of their contents, which browsers may cache forever.

One hash covers the whole folder: scripts and style sheets refer to each other by relative URLs, which then contain the
hash too, so no file has to be rewritten.
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
    """The part of a URL that is the hash of the static files, of this release or another."""

    regex = "[0-9a-f]{16}"


def register(app: Flask) -> None:
    """Serve the static files; ``url_for("static", filename=...)`` returns their URLs."""
    current = digest_of(FOLDER)

    def serve(filename: str, digest: str | None = None) -> Response:
        response = send_from_directory(FOLDER, filename)
        # During a release, a page of one release may reach an instance of the other: its file must not be cached.
        if digest == current:
            response.headers["Cache-Control"] = f"public, max-age={_ONE_YEAR}, immutable"
        return response

    app.url_map.converters["digest"] = DigestConverter
    for rule in ("/static/<digest:digest>/<path:filename>", "/static/<path:filename>"):
        app.add_url_rule(rule, _ENDPOINT, serve)

    @app.url_defaults
    def name_digest(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == _ENDPOINT:
            values.setdefault("digest", current)


def digest_of(folder: Path) -> str:
    """Return the hash of a folder's files, by their names and contents."""
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        whole.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return whole.hexdigest()[:16]
