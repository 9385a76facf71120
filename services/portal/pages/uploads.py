"""The upload page; its script sends the file straight to the bucket and continues unfinished uploads."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from flask import Blueprint, Flask, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from services.portal.accounts.identity import require_caller
from services.portal.http.errors import NotFound
from services.portal.pages.notices import set_notice
from services.portal.resources import resources
from services.portal.uploads import direct_uploads
from services.videos.uploads import MAX_OPEN_UPLOADS, RETENTION_DAYS

pages = Blueprint("uploads", __name__)


def register(app: Flask) -> None:
    """Register the upload page."""
    app.register_blueprint(pages)


@pages.get("/upload")
def form() -> str:
    """Show the upload form and the unfinished uploads."""
    return render_template(
        "pages/upload.html",
        waiting=direct_uploads.waiting(require_caller()),
        max_bytes=resources().environment.max_upload_bytes,
        max_upload=max_upload_text(),
        most_open=MAX_OPEN_UPLOADS,
        days=RETENTION_DAYS,
    )


@pages.post("/upload/<uuid:video_id>/discard")
def discard(video_id: UUID) -> ResponseReturnValue:
    """Discard an unfinished upload; one that does not exist is not an error."""
    response = redirect(url_for("uploads.form"), 303)
    with suppress(NotFound):
        direct_uploads.discard(require_caller(), video_id)
    return set_notice(response, "upload-discarded")


def max_upload_text() -> str:
    """Return the size limit as text."""
    return f"{resources().environment.max_upload_bytes // 2**20} MB"
