"""A portal process that several tests share, with its own database, bucket and queue."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from services.environment import PortalEnvironment
from tests.integration.services.service_resources import make_environment, opened_engine
from tests.servers import copied_database, new_bucket, new_queue
from workspace.ports import free_port
from workspace.postgres import Cluster

from .applications import assemble, close
from .people import People, PortalUser
from .process import PortalProcess
from .videos import Videos

SiteOpener = Callable[..., AbstractContextManager["PortalSite"]]


@dataclass(frozen=True)
class PortalSite:
    """A running portal and factories for its data.

    Tests leave it running; later tests see the data that earlier ones created.
    """

    environment: PortalEnvironment
    portal: PortalProcess
    engine: Engine
    videos: Videos
    _people: People

    @property
    def url(self) -> str:
        """Base URL of the portal."""
        return self.portal.url

    def new_user(self) -> PortalUser:
        """Create a user and reset all rate limits."""
        with self.engine.begin() as connection:
            connection.execute(text("DELETE FROM rate_limits"))
        return self._people.new()


@contextmanager
def opened_site(
    server: Cluster, template: str, aws_port: int, folder: Path, changes: dict[str, Any]
) -> Iterator[PortalSite]:
    """Start a portal and wait until it is healthy.

    Args:
        server: PostgreSQL server that gets the portal's database.
        template: Name of the database to copy.
        aws_port: Port of the AWS emulator.
        folder: Folder for the portal's log.
        changes: Environment fields to override.
    """
    with copied_database(server, template=template, owner="anb") as database_url:
        default_environment = make_environment(
            database_url=database_url, bucket=new_bucket(aws_port), queue_url=new_queue(aws_port), aws_port=aws_port
        )
        environment = dataclasses.replace(default_environment, portal_port=free_port(), **changes)
        portal = PortalProcess(environment, folder / "portal.log", {})
        application = assemble(environment)
        try:
            portal.wait_until_healthy()
            with opened_engine(environment) as engine:
                yield PortalSite(environment, portal, engine, Videos(engine), People(application.app))
            assert application.contract.breaches == []
        finally:
            portal.kill()
            close(application)
