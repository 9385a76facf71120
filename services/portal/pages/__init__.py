"""The portal's pages: rendered on the server, usable without scripts, built on the same services as the API."""

from __future__ import annotations

from flask import Flask

from services.portal.pages import (
    accounts,
    docs,
    errors,
    gallery,
    language,
    moderation,
    my_videos,
    notices,
    profile,
    rankings,
    receipts,
    templating,
    uploads,
    watch,
)


def register(app: Flask) -> None:
    """Register the pages."""
    for part in (language, notices, templating, errors):
        part.register(app)
    for part in (accounts, gallery, watch, rankings, uploads, my_videos, receipts, docs, profile, moderation):
        part.register(app)
