"""The routes of the API."""

from __future__ import annotations

from flask import Flask

from services.portal.api import auth, direct, health, media, moderation, public, videos, votes


def register(app: Flask) -> None:
    """Register the API's routes."""
    for part in (auth, videos, direct, public, votes, moderation, media, health):
        app.register_blueprint(part.blueprint)
