"""A dump of a database in use, restored into a new server by the steps of docs/backup.md, gives the same portal."""

from __future__ import annotations

import dataclasses
import json
import re
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from portal.people import PASSWORD, registration
from sqlalchemy import Engine, text

from emulator import aws, resources
from services.contest.rankings import ranking
from services.contest.vote_counts import audit_counts, read_audit_result, roll_up
from services.contest.votes import VoteResult, cast_vote
from services.environment import PortalEnvironment
from services.portal import create_app
from services.portal.database import db
from services.shared.migrate import pending, read_migrations
from tests.integration.services.service_resources import make_environment, opened_engine
from tests.integration.services.world import make_world
from tests.servers import copied_database, new_bucket, new_queue
from workspace import paths
from workspace.ports import free_port
from workspace.postgres import Cluster, program

MASTER = "postgres"


@dataclasses.dataclass(frozen=True)
class Contest:
    """Contest with one account, six videos, and votes of which half are not rolled up yet."""

    environment: PortalEnvironment
    database_url: str
    engine: Engine
    videos: list[UUID]
    dump: Path


@contextmanager
def create_contest(server: Cluster, template: str, aws_port: int, folder: Path) -> Iterator[Contest]:
    """Create a contest in a separate database, and a dump of it."""
    with copied_database(server, template=template, owner="anb") as url:
        environment = make_environment(
            database_url=url, bucket=new_bucket(aws_port), queue_url=new_queue(aws_port), aws_port=aws_port
        )
        app = create_app(environment)
        assert app.test_client().post("/api/auth/signup", json=registration()).status_code == 201
        with app.app_context():
            db.engine.dispose()
        with opened_engine(environment) as engine:
            with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
                world = make_world(connection)
                videos = [world.publish_video(world.add_person(city=city)) for city in ("Cali", "Bogotá") * 3]
                voters = [world.add_person() for _ in videos]
                for count, video_id in enumerate(videos, 1):
                    for voter in voters[:count]:
                        assert cast_vote(connection, video_id, voter) is VoteResult.COUNTED
                roll_up(connection, most=10)
                assert not read_audit_result(connection).complete
            dump = folder / "anb.dump"
            run("pg_dump", "--format", "custom", "--file", str(dump), url=url)
            yield Contest(environment, url, engine, videos, dump)


@pytest.fixture(scope="module")
def contest(
    postgres_server: Cluster,
    migrated_template: str,
    aws_endpoint: str,
    aws_port: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Contest]:
    """Contest that tests only read."""
    with create_contest(postgres_server, migrated_template, aws_port, tmp_path_factory.mktemp("dump")) as held:
        yield held


@pytest.fixture(scope="module")
def new_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Server without the old one's databases and roles, except the master user."""
    folder = tmp_path_factory.mktemp("new")
    cluster = Cluster(directory=folder / "data", port=free_port(), password=secrets.token_urlsafe(16), durable=False)
    cluster.create()
    server = cluster.start(log=folder / "new.log")
    yield cluster
    server.stop()


def run(name: str, *arguments: str, url: str) -> None:
    """Run a PostgreSQL program as in docs/backup.md."""
    ended = subprocess.run(
        [program(name), *arguments, "--dbname", url], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.fixture
def restored(contest: Contest, new_server: Cluster, aws_port: int) -> Iterator[PortalEnvironment]:
    """Environment of a portal on a database restored from the dump."""
    name = f"anb_{secrets.token_hex(4)}"
    new_server.ensure_database(name, owner=MASTER)
    options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
    run("pg_restore", *options, str(contest.dump), url=new_server.url(name))
    credentials = json.dumps({"username": MASTER, "password": new_server.password})
    yield dataclasses.replace(
        contest.environment,
        database_port=new_server.port,
        database_name=name,
        database_secret_arn=resources.create_secret(
            aws.client("secretsmanager", aws_port), f"restored-{secrets.token_hex(4)}", credentials
        ),
    )
    new_server.drop_database(name)


@pytest.fixture
def restored_engine(restored: PortalEnvironment) -> Iterator[Engine]:
    with opened_engine(restored) as engine:
        yield engine


def test_no_migrations_are_pending(restored: PortalEnvironment, new_server: Cluster) -> None:
    with psycopg.connect(new_server.url(restored.database_name)) as database:
        assert pending(database, read_migrations()) == []


def test_every_table_has_the_same_number_of_rows(contest: Contest, restored_engine: Engine) -> None:
    def count_rows(of: Engine) -> dict[str, int]:
        with of.connect() as opened:
            names = opened.execute(text("SELECT relname FROM pg_stat_user_tables")).scalars().all()
            return {name: opened.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one() for name in names}

    before = count_rows(contest.engine)
    assert before["users"] == 13 and before["videos"] == 6 and before["votes"] == 21
    assert count_rows(restored_engine) == before


def test_rankings_are_the_same(contest: Contest, restored_engine: Engine) -> None:
    def ranks(of: Engine) -> list[tuple[int, UUID, int]]:
        with of.connect() as opened:
            return [(row.position, row.video.id, row.video.votes) for row in ranking(opened, limit=10)]

    assert ranks(restored_engine) == ranks(contest.engine)
    assert [(video_id, votes) for _, video_id, votes in ranks(restored_engine)] == [
        (video_id, votes) for votes, video_id in sorted(enumerate(contest.videos, 1), reverse=True)
    ]


def test_vote_counts_are_exact(restored_engine: Engine) -> None:
    with restored_engine.execution_options(isolation_level="AUTOCOMMIT").connect() as opened:
        while audit_counts(opened, seconds=3600) is not None:
            pass
        result = read_audit_result(opened)
    assert (result.complete, result.exact, result.votes, result.shown_votes) == (True, True, 21, 21)


def test_portal_accepts_old_and_new_users(restored: PortalEnvironment, contest: Contest) -> None:
    app = create_app(restored)
    try:
        client = app.test_client()
        answer = client.post("/api/auth/login", json={"email": registration()["email"], "password": PASSWORD})
        assert (answer.status_code, answer.json is not None) == (200, True)
        bearer = {"Authorization": f"Bearer {answer.json['access_token']}"}  # type: ignore[index]
        first, *others = client.get("/api/public/rankings").json or []
        assert (first["votes"], len(others)) == (6, 5)

        # Ids continue after the old ones, and votes are counted.
        signed_up = client.post("/api/auth/signup", json=registration(email="bea@example.com"))
        assert signed_up.status_code == 201
        assert client.post(f"/api/public/videos/{contest.videos[-1]}/vote", headers=bearer).status_code == 200
        assert client.post(f"/api/public/videos/{contest.videos[-1]}/vote", headers=bearer).status_code == 400
    finally:
        with app.app_context():
            db.engine.dispose()


def test_restored_database_replaces_the_old_one_online(
    postgres_server: Cluster, migrated_template: str, aws_endpoint: str, aws_port: int, tmp_path: Path
) -> None:
    with create_contest(postgres_server, migrated_template, aws_port, tmp_path) as contest:
        name, side = contest.environment.database_name, f"{contest.environment.database_name}_restored"
        app = create_app(contest.environment)
        client = app.test_client()
        with psycopg.connect(contest.database_url) as harm:
            harm.execute("TRUNCATE videos CASCADE")
        assert client.get("/api/public/rankings").json == []
        try:
            owner = postgres_server.url("postgres", user="anb")
            with psycopg.connect(owner, autocommit=True) as master:
                master.execute(f"CREATE DATABASE {side}".encode())
                options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
                run("pg_restore", *options, str(contest.dump), url=postgres_server.url(side, user="anb"))
                for statement in swap(name):
                    master.execute(statement.encode())

            assert [video["votes"] for video in client.get("/api/public/rankings").json or []] == [6, 5, 4, 3, 2, 1]
        finally:
            with app.app_context():
                db.engine.dispose()
            postgres_server.drop_database(f"{name}_before")


def swap(name: str) -> list[str]:
    """Return the statements of docs/backup.md for a database of this name."""
    (block,) = re.findall(r"```sql\n(.*?)```", (paths.ROOT / "docs/backup.md").read_text(), re.DOTALL)
    return [line.strip().replace("proyecto_1", name) for line in block.strip().splitlines()]
