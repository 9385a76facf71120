"""A dump of a database in use, restored into a new server, is the same portal: what docs/backup.md has done by hand."""

from __future__ import annotations

import dataclasses
import json
import re
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from portal.people import PASSWORD, registration
from sqlalchemy import Connection, Engine, text

from operations import project
from operations.local import aws, resources
from operations.local.ports import free_port
from operations.local.postgres import Cluster, program
from services.core.aws import aws_client
from services.core.database import DatabaseConnector, open_engine
from services.core.migrate import pending, read_migrations
from services.core.rankings import ranking
from services.core.secrets import SecretStore
from services.core.tally import check_tally, roll_up, verdict
from services.core.votes import VoteResult, cast_vote
from services.environment import PortalEnvironment
from services.portal import create_app
from services.portal.database import db

from .world import World

# What is dumped and restored is a whole database.
pytestmark = pytest.mark.own("database")
MASTER = "postgres"


@pytest.fixture
def contest(portal_environment: PortalEnvironment, connection: Connection, world: World) -> list[UUID]:
    """A contest under way: somebody who signed up, six videos, and votes of which half are not rolled up yet."""
    app = create_app(portal_environment)
    assert app.test_client().post("/api/auth/signup", json=registration()).status_code == 201
    with app.app_context():
        db.engine.dispose()
    videos = [world.published(world.person(city=city)) for city in ("Cali", "Bogotá") * 3]
    voters = [world.person() for _ in videos]
    for count, video_id in enumerate(videos, 1):
        for voter in voters[:count]:
            assert cast_vote(connection, video_id, voter) is VoteResult.COUNTED
    roll_up(connection, most=10)
    assert not verdict(connection).whole
    return videos


@pytest.fixture
def new_server(tmp_path: Path) -> Iterator[Cluster]:
    """A server that knows nothing of the old one's databases and roles but the master user."""
    cluster = Cluster(directory=tmp_path / "new", port=free_port(), password=secrets.token_urlsafe(16), durable=False)
    cluster.create()
    server = cluster.start(log=tmp_path / "new.log")
    yield cluster
    server.stop()


def run(name: str, *arguments: str, url: str) -> None:
    """Run one of PostgreSQL's programs as docs/backup.md does."""
    ended = subprocess.run(
        [program(name), *arguments, "--dbname", url], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.fixture
def restored(
    portal_environment: PortalEnvironment,
    database_url: str,
    contest: list[UUID],
    new_server: Cluster,
    aws_port: int,
    tmp_path: Path,
) -> PortalEnvironment:
    """The environment of a portal on a database that was made from a dump of the other one."""
    dump = tmp_path / "anb.dump"
    run("pg_dump", "--format", "custom", "--file", str(dump), url=database_url)
    new_server.ensure_database("anb", owner=MASTER)
    options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
    run("pg_restore", *options, str(dump), url=new_server.url("anb"))
    credentials = json.dumps({"username": MASTER, "password": new_server.password})
    return dataclasses.replace(
        portal_environment,
        database_port=new_server.port,
        database_name="anb",
        database_secret_arn=resources.create_secret(
            aws.client("secretsmanager", aws_port), f"restored-{secrets.token_hex(4)}", credentials
        ),
    )


@pytest.fixture
def restored_engine(restored: PortalEnvironment) -> Iterator[Engine]:
    opened = open_engine(
        DatabaseConnector(restored, SecretStore(aws_client("secretsmanager", restored.aws_region))), pool_size=5
    )
    yield opened
    opened.dispose()


def test_the_migrations_find_nothing_to_do(restored: PortalEnvironment, new_server: Cluster) -> None:
    with psycopg.connect(new_server.url(restored.database_name)) as database:
        assert pending(database, read_migrations()) == []


def test_every_table_has_the_rows_it_had(engine: Engine, restored_engine: Engine) -> None:
    def rows(of: Engine) -> dict[str, int]:
        with of.connect() as opened:
            names = opened.execute(text("SELECT relname FROM pg_stat_user_tables")).scalars().all()
            return {name: opened.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one() for name in names}

    had = rows(engine)
    assert had["users"] == 13 and had["videos"] == 6 and had["votes"] == 21
    assert rows(restored_engine) == had


def test_rankings_are_the_same(engine: Engine, restored_engine: Engine, contest: list[UUID]) -> None:
    def places(of: Engine) -> list[tuple[int, UUID, int]]:
        with of.connect() as opened:
            return [(each.position, each.video.id, each.video.votes) for each in ranking(opened, limit=10)]

    assert places(restored_engine) == places(engine)
    assert [(video_id, votes) for _, video_id, votes in places(restored_engine)] == [
        (video_id, votes) for votes, video_id in sorted(enumerate(contest, 1), reverse=True)
    ]


def test_the_tally_is_the_number_of_the_votes(restored_engine: Engine) -> None:
    with restored_engine.execution_options(isolation_level="AUTOCOMMIT").connect() as opened:
        while check_tally(opened, seconds=3600) is not None:
            pass
        found = verdict(opened)
    assert (found.whole, found.exact, found.votes, found.tally) == (True, True, 21, 21)


def test_the_portal_lets_an_old_user_in_and_a_new_one_vote(restored: PortalEnvironment, contest: list[UUID]) -> None:
    app = create_app(restored)
    try:
        client = app.test_client()
        answer = client.post("/api/auth/login", json={"email": registration()["email"], "password": PASSWORD})
        assert (answer.status_code, answer.json is not None) == (200, True)
        bearer = {"Authorization": f"Bearer {answer.json['access_token']}"}  # type: ignore[index]
        first, *others = client.get("/api/public/rankings").json or []
        assert (first["votes"], len(others)) == (6, 5)

        # Ids go on after the old ones, and votes are counted on.
        signed_up = client.post("/api/auth/signup", json=registration(email="bea@example.com"))
        assert signed_up.status_code == 201
        assert client.post(f"/api/public/videos/{contest[-1]}/vote", headers=bearer).status_code == 200
        assert client.post(f"/api/public/videos/{contest[-1]}/vote", headers=bearer).status_code == 400
    finally:
        with app.app_context():
            db.engine.dispose()


def test_the_restored_one_takes_the_old_one_s_place_while_the_portal_runs(
    portal_environment: PortalEnvironment,
    database_url: str,
    contest: list[UUID],
    postgres_server: Cluster,
    tmp_path: Path,
) -> None:
    name, side = portal_environment.database_name, f"{portal_environment.database_name}_restored"
    dump = tmp_path / "anb.dump"
    run("pg_dump", "--format", "custom", "--file", str(dump), url=database_url)
    app = create_app(portal_environment)
    client = app.test_client()
    with psycopg.connect(database_url) as harm:
        harm.execute("TRUNCATE videos CASCADE")
    assert client.get("/api/public/rankings").json == []
    try:
        owner = postgres_server.url("postgres", user="anb")
        with psycopg.connect(owner, autocommit=True) as master:
            master.execute(f"CREATE DATABASE {side}".encode())
            options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
            run("pg_restore", *options, str(dump), url=postgres_server.url(side, user="anb"))
            for statement in swap(name):
                master.execute(statement.encode())

        assert [video["votes"] for video in client.get("/api/public/rankings").json or []] == [6, 5, 4, 3, 2, 1]
    finally:
        with app.app_context():
            db.engine.dispose()
        postgres_server.drop_database(f"{name}_before")


def swap(name: str) -> list[str]:
    """The statements of docs/backup.md, on a database of this name."""
    (block,) = re.findall(r"```sql\n(.*?)```", (project.ROOT / "docs/backup.md").read_text(), re.DOTALL)
    return [line.strip().replace("proyecto_1", name) for line in block.strip().splitlines()]
