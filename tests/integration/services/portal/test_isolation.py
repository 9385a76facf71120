"""Tests share an application, database, bucket and queue; no test sees another's data."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from emulator import aws
from services.contest.voting_period import VotingPeriod, write_period
from services.environment import PortalEnvironment
from services.portal.http.limits import LimitReached
from services.portal.resources import resources_of
from tests.integration.services.service_resources import Shared

from .applications import Applications, close
from .direct import begin, objects, unfinished
from .people import PASSWORD, People
from .videos import Videos

GUESS = {"email": "person1@example.com", "password": "a wrong guess"}
NEW = {"current_password": PASSWORD, "password1": "a new and longer password", "password2": "a new and longer password"}


def exhaust_vote_limit(app: Flask) -> int:
    """Spend the vote limit of account 1; return the number of votes granted."""
    with app.test_request_context():
        for count in range(10_000):
            try:
                resources_of(app).vote_limiter.check(1)
            except LimitReached:
                return count
    raise AssertionError("votes are not limited")


def messages(sqs: Any, url: str) -> list[str]:
    return [message["Body"] for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0).get("Messages", [])]


@pytest.mark.parametrize("turn", ["first", "second"])
def test_next_test_starts_without_leftovers(
    app: Flask, client: FlaskClient, people: People, videos: Videos, engine: Engine, media_bucket: str, queue_url: str,
    aws_port: int, turn: str,
) -> None:  # fmt: skip
    """Each turn starts empty and leaves data of every kind; ids start at 1 in both."""
    s3, sqs = aws.client("s3", aws_port), aws.client("sqs", aws_port)
    counted = b'anb_http_requests_total{method="GET",route="/api/public/videos",status="200"}'
    assert counted not in resources_of(app).metrics.exposition()
    assert client.get("/api/public/videos").json == []
    assert "Clavada" not in client.get("/rankings/list").text
    assert (client.get("/api/public/voting").json or {})["closes_at"] is None
    assert objects(media_bucket, aws_port) == unfinished(media_bucket, aws_port) == []
    assert messages(sqs, queue_url) == messages(sqs, f"{queue_url}-dlq") == []

    ana = people.new()
    assert (ana.id, ana.get("/api/auth/profile").status_code) == (1, 200)
    begin(ana)
    s3.put_object(Bucket=media_bucket, Key="uploads/left.mp4", Body=b"left")
    for url in (queue_url, f"{queue_url}-dlq"):
        sqs.send_message(QueueUrl=url, MessageBody="left")
    videos.vote(videos.published(ana, title="Clavada"), people.new())
    assert "Clavada" in resources_of(app).ranking_cache.get("a page", lambda: "Clavada")
    assert exhaust_vote_limit(app) >= 200
    assert {client.post("/api/auth/login", json=GUESS).status_code for _ in range(20)} == {401}
    assert client.post("/api/auth/login", json=GUESS).status_code == 429
    assert ana.post("/api/auth/password", json=NEW).status_code == 200
    assert ana.get("/api/auth/profile").status_code == 401
    with engine.begin() as connection:
        write_period(
            connection, VotingPeriod(opens_at=None, freezes_at=None, closes_at=datetime(2030, 1, 1, tzinfo=UTC))
        )


def test_emptying_restores_rows_from_migrations(shared: Shared, database_url: str, engine: Engine) -> None:
    def seeds() -> list[Any]:
        with engine.connect() as connection:
            return [
                connection.execute(text(f"SELECT to_jsonb(t) FROM {table} AS t ORDER BY 1")).all()
                for table in ("voting_period", "tally_checks")
            ]

    before = seeds()
    assert [len(rows) for rows in before] == [1, 16]
    with engine.begin() as connection:
        connection.execute(text("UPDATE voting_period SET closes_at = now()"))
        connection.execute(text("DELETE FROM tally_checks WHERE slice > 3"))
    assert seeds() != before
    shared.database.empty()
    assert seeds() == before


def test_released_application_is_reused(portal_environment: PortalEnvironment) -> None:
    applications = Applications()
    first, second = applications.acquire(portal_environment), applications.acquire(portal_environment)
    assert first.app is not second.app
    old_resources = resources_of(first.app)
    applications.release(portal_environment, first)
    again = applications.acquire(portal_environment)
    assert again.app is first.app and resources_of(again.app) is not old_resources
    for application in (second, again):
        close(application)


@pytest.mark.parametrize("change", ["setting", "route"])
def test_modified_application_cannot_be_released(portal_environment: PortalEnvironment, change: str) -> None:
    applications = Applications()
    application = applications.acquire(portal_environment)
    if change == "setting":
        application.app.config["MAX_CONTENT_LENGTH"] = 1000
    else:
        application.app.add_url_rule("/new", "new", lambda: "")
    with pytest.raises(AssertionError, match="changed the application"):
        applications.release(portal_environment, application)
