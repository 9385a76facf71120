"""What is answered when something is wrong: the contract's shape, and never a word from inside."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from emulator import aws
from services.environment import PortalEnvironment

from .people import People
from .videos import Videos, cut_connections

DOWN = {"message": "", "error": "Service temporarily unavailable"}


@pytest.mark.parametrize("path", ["/api/nowhere", "/api/videos/1/2", "/swagger/other.html", "/media/x"])
def test_an_unknown_route(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.text) == (404, "404 page not found")
    assert answer.headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/auth/login"), ("PUT", "/api/videos"), ("POST", "/health"), ("PATCH", "/api/public/rankings")],
)
def test_another_method(client: FlaskClient, method: str, path: str) -> None:
    answer = client.open(path, method=method)
    assert (answer.status_code, answer.text) == (404, "404 page not found")


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/api/videos/", "/api/videos"),
        ("/api/public/rankings/?page=2&city=a%20b", "/api/public/rankings?page=2&city=a%20b"),
        ("/health/", "/health"),
        ("/api/public/videos///", "/api/public/videos"),
    ],
)
def test_a_slash_too_many_leads_to_the_route(client: FlaskClient, path: str, location: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.location) == (301, location)


def test_a_post_keeps_its_method_on_the_way(client: FlaskClient) -> None:
    answer = client.post("/api/auth/login/")
    assert (answer.status_code, answer.location) == (307, "/api/auth/login")


@pytest.mark.parametrize("path", ["//evil.example/", "/\\evil.example/", "/api/nowhere/", "//evil.example/api/videos/"])
def test_it_never_leads_elsewhere(client: FlaskClient, path: str) -> None:
    answer = client.get("/", environ_overrides={"PATH_INFO": path, "REQUEST_URI": path})
    assert "evil.example" not in answer.headers.get("Location", "")


@pytest.mark.own("database")
def test_it_recovers_by_itself_when_its_connections_were_cut(
    client: FlaskClient, people: People, videos: Videos, engine: Engine
) -> None:
    videos.published(people.new())
    assert len(client.get("/api/public/videos").json or []) == 1
    cut_connections(engine)
    answer = client.get("/api/public/videos")
    assert answer.status_code == 200 and len(answer.json or []) == 1


@pytest.mark.own("secrets")
def test_a_rotated_password_is_picked_up(
    start_app: Callable[[PortalEnvironment], Flask],
    portal_environment: PortalEnvironment,
    aws_port: int,
) -> None:
    client = start_app(portal_environment).test_client()
    manager = aws.client("secretsmanager", aws_port)
    arn = portal_environment.database_secret_arn
    right = manager.get_secret_value(SecretId=arn)["SecretString"]
    manager.put_secret_value(SecretId=arn, SecretString=json.dumps({**json.loads(right), "password": "old"}))
    assert client.get("/api/public/videos").json == DOWN
    manager.put_secret_value(SecretId=arn, SecretString=right)
    assert client.get("/api/public/videos").json == []
