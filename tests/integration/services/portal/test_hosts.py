"""Allowed host names; absolute links of the pages use the requested host."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from flask import Flask

from services.environment import PortalEnvironment


@pytest.fixture
def app_with_hosts(start_app: Callable[[PortalEnvironment], Flask], portal_environment: PortalEnvironment) -> Flask:
    """An application with two public host names."""
    return start_app(dataclasses.replace(portal_environment, public_hosts=("anb.example", "www.anb.example")))


@pytest.mark.parametrize("host", ["anb.example", "ANB.example", "anb.example:443", "www.anb.example"])
def test_public_host_is_served(app_with_hosts: Flask, host: str) -> None:
    assert app_with_hosts.test_client().get("/login", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "anb.example.evil.example", "10.0.11.7:8080", "localhost", "[::1]:80"]
)
@pytest.mark.parametrize("path", ["/login", "/api/public/videos", "/static/logo.svg", "/nowhere"])
def test_unknown_host_returns_421(app_with_hosts: Flask, host: str, path: str) -> None:
    answer = app_with_hosts.test_client().get(path, headers={"Host": host})
    assert answer.status_code == 421
    assert "evil" not in answer.text
    assert answer.headers["X-Request-Id"]


def test_x_forwarded_host_is_ignored(app_with_hosts: Flask) -> None:
    forged = {"Host": "anb.example", "X-Forwarded-Host": "evil.example"}
    assert "evil" not in app_with_hosts.test_client().get("/login", headers=forged).text
    forged = {"Host": "evil.example", "X-Forwarded-Host": "anb.example"}
    assert app_with_hosts.test_client().get("/login", headers=forged).status_code == 421


def test_health_checks_are_served_on_any_host(app_with_hosts: Flask) -> None:
    client = app_with_hosts.test_client()
    for path in ("/health", "/health/deep"):
        assert client.get(path, headers={"Host": "10.0.11.7:8080"}).status_code == 200
    assert client.get("/healthy", headers={"Host": "10.0.11.7:8080"}).status_code == 421


def test_every_host_is_served_without_public_hosts(
    start_app: Callable[[PortalEnvironment], Flask], portal_environment: PortalEnvironment
) -> None:
    client = start_app(portal_environment).test_client()
    assert client.get("/login", headers={"Host": "some-balancer-1.elb.amazonaws.com"}).status_code == 200
