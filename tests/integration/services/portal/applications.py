"""The portal's application, assembled once for each environment and used by one test after the other.

To assemble it takes longer than most tests. What it remembers is made anew for each test.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from flask import Flask

from services.environment import PortalEnvironment
from services.portal import create_app, open_resources
from services.portal.database import db

from .contract import Contract

_MOST_IDLE = 2


@dataclass(frozen=True)
class Application:
    """An application, what watches its answers, and the state in which it was assembled."""

    app: Flask
    contract: Contract
    assembled: object


class Applications:
    """The applications of a process that no test uses at the moment."""

    def __init__(self) -> None:
        self._free: dict[object, list[Application]] = {}

    def take(self, environment: PortalEnvironment) -> Application:
        """An application that remembers nothing; it is nobody else's until it is given back."""
        free = self._free.get(_key(environment), [])
        if not free:
            return assemble(environment)
        taken = free.pop()
        open_resources(taken.app, environment)
        return taken

    def give_back(self, environment: PortalEnvironment, application: Application) -> None:
        """Keep an application for another test.

        Raises:
            AssertionError: it cannot be kept as it is now.
        """
        assert _state(application.app) == application.assembled, "the test changed the application: start it anew"
        with application.app.app_context():
            pool = db.engine.pool
            assert pool.checkedout() == 0, "the test left a connection in use"  # type: ignore[attr-defined]
            if pool.checkedin() > _MOST_IDLE:  # type: ignore[attr-defined]
                db.engine.dispose()
        self._free.setdefault(_key(environment), []).append(application)


def assemble(environment: PortalEnvironment) -> Application:
    """A new application."""
    app = create_app(environment)
    contract = Contract(app)
    return Application(app, contract, _state(app))


def close(application: Application) -> None:
    """End the connections of an application."""
    with application.app.app_context():
        db.engine.dispose()


def _key(environment: PortalEnvironment) -> object:
    # Where AWS is, clients are told by variables.
    return environment, tuple(sorted(item for item in os.environ.items() if item[0].startswith("AWS_")))


def _state(app: Flask) -> object:
    hooks = [
        function
        for funcs in (app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs)
        for functions in funcs.values()
        for function in functions
    ]
    return dict(app.config), len(list(app.url_map.iter_rules())), dict(app.view_functions), hooks
