"""The hosts that the portal answers for: links of its pages begin with the host that was asked for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from flask import Flask

from services.environment import PortalEnvironment


@pytest.fixture
def named(start_app: Callable[[PortalEnvironment], Flask], portal_environment: PortalEnvironment) -> Flask:
    """An application that has two names."""
    return start_app(dataclasses.replace(portal_environment, public_hosts=("anb.example", "www.anb.example")))


@pytest.mark.parametrize("host", ["anb.example", "ANB.example", "anb.example:443", "www.anb.example"])
def test_it_answers_by_its_names(named: Flask, host: str) -> None:
    assert named.test_client().get("/login", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "anb.example.evil.example", "10.0.11.7:8080", "localhost", "[::1]:80"]
)
@pytest.mark.parametrize("path", ["/login", "/api/public/videos", "/static/logo.svg", "/nowhere"])
def test_it_answers_by_no_other(named: Flask, host: str, path: str) -> None:
    answer = named.test_client().get(path, headers={"Host": host})
    assert answer.status_code == 421
    assert "evil" not in answer.text
    assert answer.headers["X-Request-Id"]


def test_what_a_proxy_says_of_the_host_is_not_believed(named: Flask) -> None:
    forged = {"Host": "anb.example", "X-Forwarded-Host": "evil.example"}
    assert "evil" not in named.test_client().get("/login", headers=forged).text
    forged = {"Host": "evil.example", "X-Forwarded-Host": "anb.example"}
    assert named.test_client().get("/login", headers=forged).status_code == 421


def test_balancers_ask_for_the_health_by_address(named: Flask) -> None:
    client = named.test_client()
    for path in ("/health", "/health/deep"):
        assert client.get(path, headers={"Host": "10.0.11.7:8080"}).status_code == 200
    assert client.get("/healthy", headers={"Host": "10.0.11.7:8080"}).status_code == 421


def test_a_site_without_names_answers_by_any(
    start_app: Callable[[PortalEnvironment], Flask], portal_environment: PortalEnvironment
) -> None:
    client = start_app(portal_environment).test_client()
    assert client.get("/login", headers={"Host": "some-balancer-1.elb.amazonaws.com"}).status_code == 200
