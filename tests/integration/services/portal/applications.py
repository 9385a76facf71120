"""A pool of portal applications: each is assembled once per environment and reused by later tests.

Assembling one takes longer than most tests. Its in-memory state is reset for each test.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from flask import Flask

from services.environment import PortalEnvironment
from services.portal import create_app, open_resources
from services.portal.database import db

from .contract import Contract

_MAX_IDLE_CONNECTIONS = 2


@dataclass(frozen=True)
class Application:
    """An application, the contract check of its responses, and its state after assembly."""

    app: Flask
    contract: Contract
    assembled: object


class Applications:
    """Pool of the applications that no test is using."""

    def __init__(self) -> None:
        self._free: dict[object, list[Application]] = {}

    def acquire(self, environment: PortalEnvironment) -> Application:
        """Return an application without state, for exclusive use until it is released."""
        free = self._free.get(_key(environment), [])
        if not free:
            return assemble(environment)
        application = free.pop()
        open_resources(application.app, environment)
        return application

    def release(self, environment: PortalEnvironment, application: Application) -> None:
        """Return an application to the pool.

        Raises:
            AssertionError: The application was modified or still holds connections.
        """
        assert _state(application.app) == application.assembled, (
            "the test changed the application: use start_app(..., reuse=False)"
        )
        with application.app.app_context():
            pool = db.engine.pool
            assert pool.checkedout() == 0, "the test left a connection in use"  # type: ignore[attr-defined]
            if pool.checkedin() > _MAX_IDLE_CONNECTIONS:  # type: ignore[attr-defined]
                db.engine.dispose()
        self._free.setdefault(_key(environment), []).append(application)


def assemble(environment: PortalEnvironment) -> Application:
    """Assemble a new application."""
    app = create_app(environment)
    contract = Contract(app)
    return Application(app, contract, _state(app))


def close(application: Application) -> None:
    """Close an application's database connections."""
    with application.app.app_context():
        db.engine.dispose()


def _key(environment: PortalEnvironment) -> object:
    # AWS clients read their endpoints from environment variables.
    return environment, tuple(sorted(item for item in os.environ.items() if item[0].startswith("AWS_")))


def _state(app: Flask) -> object:
    hooks = [
        function
        for funcs in (app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs)
        for functions in funcs.values()
        for function in functions
    ]
    return dict(app.config), len(list(app.url_map.iter_rules())), dict(app.view_functions), hooks
