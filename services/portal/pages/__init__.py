"""The portal's pages: rendered here, read without scripts, built on the same verbs as the API."""

from __future__ import annotations

from flask import Flask

from services.portal.pages import (
    accounts,
    docs,
    errors,
    gallery,
    landing,
    language,
    moderation,
    my_videos,
    notices,
    origin,
    profile,
    rankings,
    receipts,
    templating,
    uploads,
    watch,
)


def register(app: Flask) -> None:
    """Give an application its pages."""
    for part in (origin, language, notices, templating, errors):
        part.register(app)
    for part in (landing, accounts, gallery, watch, rankings, uploads, my_videos, receipts, docs, profile, moderation):
        part.register(app)
