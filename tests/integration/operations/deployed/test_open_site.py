"""`anb open`: the address, and a browser where there is a display."""

from __future__ import annotations

import os
import webbrowser
from pathlib import Path

import click.testing
import psutil
import pytest

from operations.__main__ import anb
from operations.deploy.target import Target
from operations.local.state import RUNNING, StateFile, SystemState
from workspace.processes import ProcessRecord


def run(*arguments: str) -> click.testing.Result:
    return click.testing.CliRunner().invoke(anb, ["open", *arguments])


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(webbrowser, "open", found.append)
    return found


@pytest.fixture
def address(where: Target) -> str:
    """Of a load balancer with a plain listener."""
    balancing = where.client("elbv2")
    subnets = [each["SubnetId"] for each in where.client("ec2").describe_subnets()["Subnets"][:2]]
    (made,) = balancing.create_load_balancer(Name=f"{where.settings.environment_name}-alb", Subnets=subnets)[
        "LoadBalancers"
    ]
    balancing.create_listener(
        LoadBalancerArn=made["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    )
    return f"http://{made['DNSName']}"


def test_where_there_is_no_display_it_is_printed(address: str, opened: list[str]) -> None:
    shown = run("--target", "local")
    assert (shown.exit_code, shown.output, opened) == (0, f"{address}\n", [])


def test_where_there_is_one_it_is_opened(address: str, opened: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    assert run("--target", "local").output == f"{address}\n"
    assert opened == [address]


def test_a_name_of_its_own_goes_first(address: str, opened: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANB_DOMAIN_NAME", "anb.example.com")
    monkeypatch.setenv("ANB_HOSTED_ZONE_ID", "Z0123456789ABCDEFGHIJ")
    assert run("--target", "local").output == "http://anb.example.com\n"


def test_without_a_word_the_one_that_is_up_is_meant(where: Target, tmp_path: Path, opened: list[str]) -> None:
    this = ProcessRecord(os.getpid(), psutil.Process().create_time(), 4321)
    StateFile(tmp_path).write(
        SystemState(phase=RUNNING, supervisor=this, url="http://127.0.0.1:8080", infra=True, children={})
    )
    assert run().output == "http://127.0.0.1:8080\n"


def test_one_that_was_killed_is_not_up(where: Target, tmp_path: Path) -> None:
    gone = ProcessRecord(os.getpid(), psutil.Process().create_time() - 1000, 4321)
    StateFile(tmp_path).write(
        SystemState(phase=RUNNING, supervisor=gone, url="http://127.0.0.1:8080", infra=True, children={})
    )
    refused = run()
    assert (refused.exit_code, "Nothing is up." in refused.output) == (1, True)


def test_where_none_is_up_it_says_so_and_asks_no_deployment(where: Target) -> None:
    refused = run()
    assert refused.exit_code == 1
    assert "Nothing is up. Start it with ./anb up, or say which deployment with --target or" in refused.output


def test_without_a_deployment_it_says_so(where: Target) -> None:
    refused = run("--target", "local")
    assert refused.exit_code == 1
    assert "The environment local has no load balancer, so it is not deployed." in refused.output
