"""Fixtures of the portal's tests: the application on real services, registered users and videos."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from emulator import aws
from services.environment import PortalEnvironment
from tests.integration.services.service_resources import shared_of
from workspace.ports import free_port
from workspace.postgres import Cluster

from .applications import Application, Applications, assemble, close
from .people import People
from .process import ROOT, PortalProcess, PortalStarter
from .site import PortalSite, SiteOpener, opened_site
from .videos import Videos

AppStarter = Callable[..., Flask]
_APPLICATIONS = pytest.StashKey[Applications]()


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """Log plain tracebacks: structlog's default adds local variables, which takes seconds per traceback."""
    structlog.configure(processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()])


@pytest.fixture
def start_app(request: pytest.FixtureRequest) -> Iterator[AppStarter]:
    """Start applications without state; check every response against the OpenAPI document.

    A test that modifies the application needs its own, with ``reuse=False``.
    """
    started: list[tuple[PortalEnvironment, Application, bool]] = []
    shared, applications = shared_of(request.config), request.config.stash.setdefault(_APPLICATIONS, Applications())

    def start(environment: PortalEnvironment, *, reuse: bool = True) -> Flask:
        reusable = reuse and shared is not None and shared.holds(environment)
        application = applications.acquire(environment) if reusable else assemble(environment)
        started.append((environment, application, reusable))
        return application.app

    yield start
    breaches = [breach for _, application, _ in started for breach in application.contract.take_breaches()]
    for environment, application, reusable in started:
        if reusable:
            applications.release(environment, application)
        else:
            close(application)
    assert breaches == []


@pytest.fixture
def app(start_app: AppStarter, portal_environment: PortalEnvironment) -> Flask:
    """The application with its database, bucket, queue and secrets."""
    return start_app(portal_environment)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client that is not signed in."""
    return app.test_client()


@pytest.fixture
def people(app: Flask) -> People:
    """Factory of registered users."""
    return People(app)


@pytest.fixture
def videos(engine: Engine) -> Videos:
    """Factory of videos in any state, stored as the workers store them."""
    return Videos(engine)


@pytest.fixture
def app_without(
    start_app: AppStarter,
    portal_environment: PortalEnvironment,
    aws_port: int,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[str], Flask]:
    """Start an application with one unreachable service: database, s3, sqs or secrets_manager."""

    def start(service: str) -> Flask:
        if service == "database":
            return start_app(dataclasses.replace(portal_environment, database_port=free_port()))
        monkeypatch.setenv("AWS_ENDPOINT_URL_" + service.upper(), aws.endpoint(free_port()))
        return start_app(portal_environment, reuse=False)

    return start


@pytest.fixture
def start_portal(portal_environment: PortalEnvironment, tmp_path: Path) -> Iterator[PortalStarter]:
    """Start portal processes as an instance does, each on its own port; kill them after the test."""
    started: list[PortalProcess] = []

    def start(*, variables: Mapping[str, str] | None = None, folder: Path = ROOT, **changes: Any) -> PortalProcess:
        environment = dataclasses.replace(portal_environment, portal_port=free_port(), **changes)
        started.append(
            PortalProcess(environment, tmp_path / f"portal{len(started)}.log", variables or {}, folder=folder)
        )
        return started[-1]

    yield start
    for portal in started:
        portal.kill()


@pytest.fixture(scope="session")
def open_site(
    postgres_server: Cluster,
    migrated_template: str,
    aws_endpoint: str,
    aws_port: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> SiteOpener:
    """Start a portal process that several tests share."""

    def start(**changes: Any) -> AbstractContextManager[PortalSite]:
        return opened_site(postgres_server, migrated_template, aws_port, tmp_path_factory.mktemp("site"), changes)

    return start


@pytest.fixture(scope="session")
def site(open_site: SiteOpener) -> Iterator[PortalSite]:
    """A running portal for tests that neither stop nor reconfigure it."""
    with open_site() as opened:
        yield opened
