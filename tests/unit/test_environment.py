"""Environment variables of the services: rendering, parsing and validation."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.environment import EnvironmentProblem, PortalEnvironment, ServiceEnvironment, WorkerEnvironment

PORTAL = PortalEnvironment(
    environment_name="demo",
    aws_region="us-east-1",
    release="abc",
    database_host="db.example",
    database_port=5432,
    database_name="anb",
    database_secret_arn="arn:aws:secretsmanager:us-east-1:1:secret:db",
    database_ssl_mode="verify-full",
    database_ca_file=None,
    media_bucket="demo-media",
    queue_url="https://sqs.example/1/videos",
    log_group="/anb/demo/portal",
    portal_host="0.0.0.0",
    portal_port=8080,
    drain_seconds=50,
    token_secret_arn="arn:aws:secretsmanager:us-east-1:1:secret:tokens",
    token_seconds=3600,
    secure_cookies=True,
    proxy_hops=1,
    max_upload_bytes=104857600,
    public_hosts=(),
    cors_origins=(),
    revoke_bearer_on_logout=False,
)


def problems(**changes: str) -> list[str]:
    with pytest.raises(EnvironmentProblem) as caught:
        PortalEnvironment.from_variables({**PORTAL.as_variables(), **changes})
    return caught.value.problems


def test_variable_is_named_after_field_in_capitals() -> None:
    variables = PORTAL.as_variables()
    assert variables["DATABASE_HOST"] == "db.example"
    assert variables["SECURE_COOKIES"] == "True"
    assert tuple(variables) == PortalEnvironment.variable_names()


def test_both_services_have_the_shared_variables() -> None:
    shared = set(ServiceEnvironment.variable_names())
    assert shared < set(PortalEnvironment.variable_names())
    assert shared < set(WorkerEnvironment.variable_names())


@given(
    host=st.text(min_size=1).filter(str.strip),
    port=st.integers(1, 10**18 - 1),
    secure=st.booleans(),
    hops=st.integers(0, 10**18 - 1),
)
def test_rendered_environment_parses_to_the_same(host: str, port: int, secure: bool, hops: int) -> None:
    sent = dataclasses.replace(PORTAL, database_host=host, portal_port=port, secure_cookies=secure, proxy_hops=hops)
    assert PortalEnvironment.from_variables(sent.as_variables()) == sent


@pytest.mark.parametrize("group", ["/anb/demo/portal", None])
def test_log_group_may_be_empty_but_not_missing(group: str | None) -> None:
    sent = dataclasses.replace(PORTAL, log_group=group).as_variables()
    assert sent["LOG_GROUP"] == (group or "")
    assert PortalEnvironment.from_variables(sent).log_group == group
    del sent["LOG_GROUP"]
    with pytest.raises(EnvironmentProblem, match=r"LOG_GROUP \(.*; empty for none\): is missing"):
        PortalEnvironment.from_variables(sent)


def test_other_variables_are_ignored() -> None:
    assert PortalEnvironment.from_variables({**PORTAL.as_variables(), "PATH": "/bin", "LANG": "C"}) == PORTAL


def test_all_missing_variables_are_reported() -> None:
    with pytest.raises(EnvironmentProblem) as caught:
        PortalEnvironment.from_variables({})
    assert len(caught.value.problems) == len(PortalEnvironment.variable_names())
    assert str(caught.value).splitlines() == caught.value.problems


@pytest.mark.parametrize("empty", ["", "  "])
def test_empty_variable_is_missing(empty: str) -> None:
    expected = (
        "DATABASE_HOST (address of PostgreSQL): is missing; the launch template sets it, "
        "and services/environment.py lists all variables"
    )
    assert problems(DATABASE_HOST=empty) == [expected]


@pytest.mark.parametrize("value", ["x", "0", "-1", "1.5", "٣", "1 2", "--1"])
def test_invalid_integer(value: str) -> None:
    assert problems(PORTAL_PORT=value) == [
        f"PORTAL_PORT (port the portal listens on): is {value!r}; must be an integer of at least 1"
    ]


@pytest.mark.parametrize("value", ["yes", "true", "1"])
def test_invalid_boolean(value: str) -> None:
    assert problems(SECURE_COOKIES=value) == [
        f"SECURE_COOKIES (whether browsers reach the portal over HTTPS only): is {value!r}; must be True or False"
    ]


def test_invalid_choice() -> None:
    assert problems(DATABASE_SSL_MODE="on") == [
        (
            "DATABASE_SSL_MODE (libpq sslmode: verify-full, or disable on loopback): is 'on'; "
            "must be one of disable, verify-full"
        )
    ]


def test_lists_are_comma_separated_and_may_be_empty() -> None:
    origins = ("https://front.example", "http://localhost:5173")
    sent = dataclasses.replace(PORTAL, cors_origins=origins, public_hosts=("anb.example",))
    variables = sent.as_variables()
    assert variables["CORS_ORIGINS"] == "https://front.example,http://localhost:5173"
    assert PortalEnvironment.from_variables(sent.as_variables()) == sent
    assert PortalEnvironment.from_variables({**variables, "CORS_ORIGINS": " , "}).cors_origins == ()
    del variables["CORS_ORIGINS"]
    with pytest.raises(EnvironmentProblem, match=r"CORS_ORIGINS \(.*; empty for none\): is missing"):
        PortalEnvironment.from_variables(variables)


@pytest.mark.parametrize(
    "origin",
    ["*", "null", "http://front.example", "https://front.example/", "https://*.front.example", "https://FRONT.example",
     "front.example", "https://", "https://user@front.example", "http://localhost.evil.example"],
)  # fmt: skip
def test_invalid_or_unsafe_origin(origin: str) -> None:
    assert problems(CORS_ORIGINS=f"https://good.example,{origin}") == [
        (
            "CORS_ORIGINS (comma-separated origins of other sites that may call the API; empty for none): "
            f"contains {origin!r}; must be an origin such as https://front.example (http for localhost only)"
        )
    ]


@pytest.mark.parametrize("host", ["https://anb.example", "anb.example:443", "ANB.example", "-", "a b"])
def test_invalid_host(host: str) -> None:
    (problem,) = problems(PUBLIC_HOSTS=host)
    assert f"contains {host!r}; must be a lowercase host name such as anb.example" in problem


def test_environment_is_immutable() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        PORTAL.portal_port = 1  # type: ignore[misc]
