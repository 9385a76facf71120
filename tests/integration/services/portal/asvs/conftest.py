"""Fixtures of the ASVS tests."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from services.environment import PortalEnvironment

from ..people import People, PortalUser


@pytest.fixture
def https_app(start_app: Callable[[PortalEnvironment], Flask], portal_environment: PortalEnvironment) -> Flask:
    """The application as served over HTTPS."""
    return start_app(dataclasses.replace(portal_environment, secure_cookies=True))


@pytest.fixture
def moderator(people: People, engine: Engine) -> PortalUser:
    """A user who is a moderator."""
    person = people.new()
    with engine.begin() as connection:
        connection.execute(text("UPDATE users SET is_moderator = true WHERE id = :id"), {"id": person.id})
    return person
