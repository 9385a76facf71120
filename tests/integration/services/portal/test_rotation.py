"""Secret rotation under load: no failed requests and no restart."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from botocore.exceptions import EndpointConnectionError
from flask import Flask
from sqlalchemy import Engine

from emulator import aws
from services.environment import PortalEnvironment
from services.portal.accounts.signing_keys import SigningKeys, key_id
from services.portal.resources import resources_of
from services.shared.secrets import SecretVersions
from workspace.postgres import Cluster

from .people import People, registration
from .videos import cut_connections

pytestmark = pytest.mark.own("database", "secrets")

SECOND, THIRD = "a second key of this portal, long enough", "a third key of this portal, long enough"
PROFILE = "/api/auth/profile"
AppStarter = Callable[[PortalEnvironment], Flask]


class RotatingRole:
    """A database role with a changeable password, and the secret that holds the password."""

    def __init__(self, cluster: Cluster, environment: PortalEnvironment, aws_port: int) -> None:
        self._url = cluster.url(environment.database_name)
        self._manager = aws.client("secretsmanager", aws_port)
        self._arn = environment.database_secret_arn
        self.name = f"rotating_{uuid.uuid4().hex}"
        self._execute(f"CREATE ROLE {self.name} LOGIN IN ROLE anb")
        self.change_password("first")
        self.change_secret("first")

    def change_password(self, password: str) -> None:
        self._execute(f"ALTER ROLE {self.name} PASSWORD '{password}'")

    def change_secret(self, password: str) -> None:
        text = json.dumps({"username": self.name, "password": password})
        self._manager.put_secret_value(SecretId=self._arn, SecretString=text)

    def drop(self) -> None:
        self._execute(f"DROP OWNED BY {self.name}; DROP ROLE {self.name}")

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(statement.encode())


@pytest.fixture
def role(postgres_server: Cluster, portal_environment: PortalEnvironment, aws_port: int) -> Iterator[RotatingRole]:
    created = RotatingRole(postgres_server, portal_environment, aws_port)
    yield created
    created.drop()


class RequestLoad:
    """Clients that read and sign up continuously, and retry a 5xx once."""

    def __init__(self, app: Flask, clients: int = 6) -> None:
        self._app = app
        self._end = threading.Event()
        self.answers: list[tuple[int, ...]] = []
        self._threads = [threading.Thread(target=self._send) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def _send(self) -> None:
        client = self._app.test_client()
        while not self._end.is_set():
            person = registration(email=f"{uuid.uuid4().hex}@example.com")
            for send in (
                lambda: client.get("/api/public/videos"),
                lambda person=person: client.post("/api/auth/signup", json=person),
            ):
                statuses = [send().status_code]
                if statuses[0] >= 500:
                    statuses.append(send().status_code)
                self.answers.append(tuple(statuses))

    def wait_for(self, answer_count: int) -> None:
        target = len(self.answers) + answer_count
        while len(self.answers) < target:
            time.sleep(0.02)

    def stop(self) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()


@pytest.mark.parametrize("first", ["password", "secret"])
def test_database_password_rotates_under_load(
    start_app: AppStarter, portal_environment: PortalEnvironment, role: RotatingRole, engine: Engine, first: str
) -> None:
    with engine.connect():
        pass
    load = RequestLoad(start_app(portal_environment))
    load.wait_for(20)
    role.change_password("second") if first == "password" else role.change_secret("second")
    load.wait_for(20)
    # Open connections survive a password change; now all of them must reconnect.
    cut_connections(engine)
    time.sleep(0.5)
    role.change_secret("second") if first == "password" else role.change_password("second")
    load.wait_for(40)
    load.stop()
    assert {statuses[-1] for statuses in load.answers} <= {200, 201}


def test_wrong_database_password_returns_503_until_corrected(
    start_app: AppStarter, portal_environment: PortalEnvironment, role: RotatingRole
) -> None:
    role.change_password("second")
    client = start_app(portal_environment).test_client()
    assert client.get("/api/public/videos").status_code == 503
    role.change_secret("second")
    assert client.get("/api/public/videos").status_code == 200


def test_tokens_stay_valid_after_one_key_rotation(
    start_app: AppStarter, portal_environment: PortalEnvironment, aws_port: int
) -> None:
    app = start_app(portal_environment)
    before = People(app).new()
    manager = aws.client("secretsmanager", aws_port)
    manager.put_secret_value(SecretId=portal_environment.token_secret_arn, SecretString=SECOND)
    # The other instance already has the new key; this one gets its token before its own refresh.
    other = start_app(portal_environment)
    after = People(other).new(email="eva@example.com")
    resources_of(app).keys._read_at -= 10
    for application in (app, other):
        client = application.test_client()
        assert client.get(PROFILE, headers=before.headers).status_code == 200
        assert client.get(PROFILE, headers=after.headers).status_code == 200


def test_token_is_rejected_after_two_key_rotations(
    start_app: AppStarter, portal_environment: PortalEnvironment, aws_port: int
) -> None:
    before = People(start_app(portal_environment)).new()
    manager = aws.client("secretsmanager", aws_port)
    for text in (SECOND, THIRD):
        manager.put_secret_value(SecretId=portal_environment.token_secret_arn, SecretString=text)
    client = start_app(portal_environment).test_client()
    assert client.get(PROFILE, headers=before.headers).status_code == 401


class ManualClock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclasses.dataclass
class Store:
    """Stands in for Secrets Manager."""

    versions: SecretVersions
    reads: int = 0
    down: bool = False

    def __call__(self) -> SecretVersions:
        self.reads += 1
        if self.down:
            raise EndpointConnectionError(endpoint_url="https://secretsmanager")
        return self.versions


def signing_keys(age: timedelta = timedelta(0), **changes: Any) -> tuple[SigningKeys, Store, ManualClock]:
    store = Store(SecretVersions("new", datetime.now(UTC) - age, "old"))
    clock = ManualClock()
    return SigningKeys(store, lifetime=timedelta(hours=1), clock=clock), store, clock


def test_previous_key_is_accepted_for_the_token_lifetime() -> None:
    assert signing_keys(timedelta(minutes=59))[0].accepted() == ["old", "new"]
    expired = signing_keys(timedelta(minutes=61))[0]
    assert expired.accepted() == ["new"]
    assert expired.find(key_id("old")) == "new"


def test_rotation_is_noticed_after_a_minute() -> None:
    signing, store, clock = signing_keys()
    store.versions = SecretVersions("newer", datetime.now(UTC), "new")
    assert signing.newest() == "newer"
    store.versions = SecretVersions("newest", datetime.now(UTC), "newer")
    clock.now = 59
    assert signing.newest() == "newer"
    clock.now = 60
    assert signing.newest() == "newest"


def test_forged_key_ids_read_the_secret_once_per_5_seconds() -> None:
    signing, store, clock = signing_keys()
    for _ in range(100):
        assert signing.find("forged") == "new"
    assert store.reads == 1
    clock.now = 5
    for _ in range(100):
        signing.find("forged")
    assert store.reads == 2


def test_cached_keys_are_used_while_aws_is_unreachable() -> None:
    signing, store, clock = signing_keys()
    assert signing.newest() == "new"
    store.down = True
    clock.now = 60
    assert signing.newest() == "new"
    assert signing.newest() == "new"
    assert store.reads == 2


def test_nothing_is_signed_without_a_key() -> None:
    signing, store, _ = signing_keys()
    store.down = True
    with pytest.raises(EndpointConnectionError):
        signing.newest()
