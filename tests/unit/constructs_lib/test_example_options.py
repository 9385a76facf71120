"""The example with every option gives every option: of each construct, and of each dataclass they take."""

from __future__ import annotations

import ast
import inspect

import pytest

import constructs_lib
from tests.unit.constructs_lib.example_apps import FOLDER

TREE = ast.parse((FOLDER / "every_option.py").read_text())

IN_ITS_PLACE = {
    "AccessLogBucket.plain_http_reason": "the example refuses plain HTTP",
    "Bucket.plain_http_reason": "the example refuses plain HTTP",
    "GeneratedSecret.unprotected_reason": "a month to bring it back",
    "InstanceOptions.existing_profile": "a role of its own, which the grants are written into",
    "Network.flow_logs_off_reason": "flow logs",
    "PostgresDatabase.short_backups_reason": "backups for 35 days",
    "PostgresDatabase.single_zone_reason": "a standby in another zone",
    "PublicLoadBalancer.access_logs_off_reason": "access logs",
    "PublicLoadBalancer.certificate_arn": "a certificate made for its domain",
    "PublicLoadBalancer.plain_http_reason": "HTTPS",
    "Queue.open_redrive_reason": "a dead-letter queue for this queue alone",
    "Queue.plain_http_reason": "the example refuses plain HTTP",
    "ServiceRole.existing_profile": "a role of its own, which the grants are written into",
}
"""Options that exclude another one, and what the example has in their place."""

MADE_BY_OTHERS = {
    "Certificate": "PublicLoadBalancer makes it for its domain",
    "LocalState": "the state is in S3",
    "Profile": "it holds the choices of an environment; the example makes each itself",
    "ConstructError": "it is raised",
}
"""Public names that the example does not write, and why."""


def used() -> dict[str, set[str]]:
    """The options that the example gives, by what it makes."""
    found: dict[str, set[str]] = {}
    for node in ast.walk(TREE):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found.setdefault(node.func.id, set()).update(each.arg for each in node.keywords if each.arg)
    return found


def options(name: str) -> set[str]:
    """The options of something public: what it takes by keyword."""
    made = getattr(constructs_lib, name)
    taken = inspect.signature(made.__init__ if inspect.isclass(made) else made).parameters.values()
    named = [each.name for each in taken if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]
    return set(named) - {"self", "scope", "id", "construct", "weakened"}


@pytest.mark.parametrize("name", sorted(set(constructs_lib.__all__) - set(MADE_BY_OTHERS)))
def test_every_option_is_given(name: str) -> None:
    excluded = {option.partition(".")[2] for option in IN_ITS_PLACE if option.startswith(f"{name}.")}
    given = used()

    assert name in given
    assert options(name) - excluded == given[name]


@pytest.mark.parametrize("option", sorted(IN_ITS_PLACE))
def test_what_is_in_an_options_place_is_an_options(option: str) -> None:
    name, _, argument = option.partition(".")

    assert argument in options(name)
