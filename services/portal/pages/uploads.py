"""The page that uploads a video: the script on it sends the file straight to the bucket."""

from __future__ import annotations

from flask import Blueprint, Flask, render_template

from services.portal.identity import require_caller
from services.portal.resources import resources

pages = Blueprint("uploads", __name__)


def register(app: Flask) -> None:
    """Give an application its upload page."""
    app.register_blueprint(pages)


@pages.get("/upload")
def form() -> str:
    """The form of a new video."""
    require_caller()
    return render_template(
        "pages/upload.html", max_bytes=resources().environment.max_upload_bytes, max_upload=max_upload_text()
    )


def max_upload_text() -> str:
    """The largest file accepted, as people read it."""
    return f"{resources().environment.max_upload_bytes // 2**20} MB"
