"""A portal as a process that several tests use, with a database, a bucket and a queue of its own."""

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
from .people import People, Person
from .process import PortalProcess
from .videos import Videos

SiteOpener = Callable[..., AbstractContextManager["Site"]]


@dataclass(frozen=True)
class Site:
    """A portal that runs, and who and what is in its database.

    Tests leave it running, and what they make there is seen by those that follow.
    """

    environment: PortalEnvironment
    portal: PortalProcess
    engine: Engine
    videos: Videos
    _people: People

    @property
    def url(self) -> str:
        """Where it is reached."""
        return self.portal.url

    def new_person(self) -> Person:
        """Someone with an account, whose attempts count from zero."""
        with self.engine.begin() as connection:
            connection.execute(text("DELETE FROM rate_limits"))
        return self._people.new()


@contextmanager
def opened_site(server: Cluster, template: str, aws_port: int, folder: Path, changes: dict[str, Any]) -> Iterator[Site]:
    """Start a portal and wait until it answers.

    Args:
        server: where its database is made.
        template: name of the database that is copied.
        aws_port: port of the embedded AWS.
        folder: where its log is written.
        changes: to its environment.
    """
    with copied_database(server, template=template, owner="anb") as database_url:
        plain = make_environment(
            database_url=database_url, bucket=new_bucket(aws_port), queue_url=new_queue(aws_port), aws_port=aws_port
        )
        environment = dataclasses.replace(plain, portal_port=free_port(), **changes)
        portal = PortalProcess(environment, folder / "portal.log", {})
        application = assemble(environment)
        try:
            portal.wait_until_it_answers()
            with opened_engine(environment) as engine:
                yield Site(environment, portal, engine, Videos(engine), People(application.app))
            assert application.contract.breaches == []
        finally:
            portal.kill()
            close(application)
