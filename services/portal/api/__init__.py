"""The routes of the contract."""

from __future__ import annotations

from flask import Flask

from services.portal.api import auth, direct, health, media, moderation, public, videos, votes
from services.portal.resources import Resources


def register(app: Flask, held: Resources) -> None:
    """Give an application the routes of the API."""
    health.register(app, held)
    for part in (auth, videos, direct, public, votes, moderation, media, health):
        app.register_blueprint(part.blueprint)
