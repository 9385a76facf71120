"""Error responses: the contract's format, without internal details."""

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
def test_unknown_route_returns_404(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.text) == (404, "404 page not found")
    assert answer.headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/auth/login"), ("PUT", "/api/videos"), ("POST", "/health"), ("PATCH", "/api/public/rankings")],
)
def test_wrong_method_returns_404(client: FlaskClient, method: str, path: str) -> None:
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
def test_trailing_slash_redirects_to_the_route(client: FlaskClient, path: str, location: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.location) == (301, location)


def test_redirected_post_keeps_its_method(client: FlaskClient) -> None:
    answer = client.post("/api/auth/login/")
    assert (answer.status_code, answer.location) == (307, "/api/auth/login")


@pytest.mark.parametrize("path", ["//evil.example/", "/\\evil.example/", "/api/nowhere/", "//evil.example/api/videos/"])
def test_redirect_never_leaves_the_host(client: FlaskClient, path: str) -> None:
    answer = client.get("/", environ_overrides={"PATH_INFO": path, "REQUEST_URI": path})
    assert "evil.example" not in answer.headers.get("Location", "")


@pytest.mark.own("database")
def test_portal_recovers_from_lost_database_connections(
    client: FlaskClient, people: People, videos: Videos, engine: Engine
) -> None:
    videos.published(people.new())
    assert len(client.get("/api/public/videos").json or []) == 1
    cut_connections(engine)
    answer = client.get("/api/public/videos")
    assert answer.status_code == 200 and len(answer.json or []) == 1


@pytest.mark.own("secrets")
def test_rotated_database_password_is_picked_up(
    start_app: Callable[[PortalEnvironment], Flask],
    portal_environment: PortalEnvironment,
    aws_port: int,
) -> None:
    client = start_app(portal_environment).test_client()
    manager = aws.client("secretsmanager", aws_port)
    arn = portal_environment.database_secret_arn
    correct = manager.get_secret_value(SecretId=arn)["SecretString"]
    manager.put_secret_value(SecretId=arn, SecretString=json.dumps({**json.loads(correct), "password": "old"}))
    assert client.get("/api/public/videos").json == DOWN
    manager.put_secret_value(SecretId=arn, SecretString=correct)
    assert client.get("/api/public/videos").json == []
