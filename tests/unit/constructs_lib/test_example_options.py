"""examples/every_option.py uses every option of each construct and of its dataclasses."""

from __future__ import annotations

import ast
import inspect

import pytest

import constructs_lib
from tests.unit.constructs_lib.example_apps import FOLDER

TREE = ast.parse((FOLDER / "every_option.py").read_text())

EXCLUDED = {
    "AccessLogBucket.plain_http_reason": "the example requires TLS",
    "Bucket.plain_http_reason": "the example requires TLS",
    "GeneratedSecret.unprotected_reason": "a recovery window",
    "InstanceOptions.existing_function_role": "its own role, with the permissions it needs",
    "InstanceOptions.existing_profile": "its own role, which receives the grants",
    "Network.flow_logs_off_reason": "flow logs",
    "PostgresDatabase.short_backups_reason": "backups for 35 days",
    "PostgresDatabase.single_zone_reason": "a standby in another zone",
    "PublicLoadBalancer.access_logs_off_reason": "access logs",
    "PublicLoadBalancer.certificate_arn": "a certificate created for its domain",
    "PublicLoadBalancer.plain_http_reason": "HTTPS",
    "Queue.open_redrive_reason": "a dead-letter queue for this queue only",
    "Queue.plain_http_reason": "the example requires TLS",
    "ServiceRole.existing_profile": "its own role, which receives the grants",
}
"""Options that exclude another one, and what the example uses instead."""

NOT_USED = {
    "Certificate": "PublicLoadBalancer creates it for its domain",
    "LocalState": "the state is in S3",
    "Profile": "it has the choices of an environment; the example sets each one",
    "ConstructError": "it is raised",
}
"""Public names that the example does not use, and why."""


def used() -> dict[str, set[str]]:
    """Options that the example uses, by construct."""
    options_used: dict[str, set[str]] = {}
    for node in ast.walk(TREE):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            options_used.setdefault(node.func.id, set()).update(each.arg for each in node.keywords if each.arg)
    return options_used


def options(name: str) -> set[str]:
    """Keyword arguments of a public class or function."""
    public = getattr(constructs_lib, name)
    parameters = inspect.signature(public.__init__ if inspect.isclass(public) else public).parameters.values()
    named = [each.name for each in parameters if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]
    return set(named) - {"self", "scope", "id", "construct", "weakened"}


@pytest.mark.parametrize("name", sorted(set(constructs_lib.__all__) - set(NOT_USED)))
def test_every_option_is_used(name: str) -> None:
    excluded = {option.partition(".")[2] for option in EXCLUDED if option.startswith(f"{name}.")}
    actual = used()

    assert name in actual
    assert options(name) - excluded == actual[name]


@pytest.mark.parametrize("option", sorted(EXCLUDED))
def test_excluded_option_exists(option: str) -> None:
    name, _, argument = option.partition(".")

    assert argument in options(name)
