"""`anb open`: print the address, and open a browser if there is a display."""

from __future__ import annotations

import webbrowser
from dataclasses import replace
from pathlib import Path

import click.testing
import pytest

from operations.__main__ import anb
from operations.deploy.target import Target
from operations.local.state import RUNNING, StateFile, SystemState, this_process


def run(*arguments: str) -> click.testing.Result:
    return click.testing.CliRunner().invoke(anb, ["open", *arguments])


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    addresses: list[str] = []
    monkeypatch.setattr(webbrowser, "open", addresses.append)
    return addresses


@pytest.fixture
def address(target: Target) -> str:
    """Address of a load balancer with an HTTP listener."""
    elbv2 = target.client("elbv2")
    subnets = [subnet["SubnetId"] for subnet in target.client("ec2").describe_subnets()["Subnets"][:2]]
    (balancer,) = elbv2.create_load_balancer(Name=f"{target.settings.environment_name}-alb", Subnets=subnets)[
        "LoadBalancers"
    ]
    elbv2.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    )
    return f"http://{balancer['DNSName']}"


def test_without_a_display_the_address_is_printed(address: str, opened: list[str]) -> None:
    shown = run("--target", "local")
    assert (shown.exit_code, shown.output, opened) == (0, f"{address}\n", [])


def test_with_a_display_the_address_is_opened(address: str, opened: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    assert run("--target", "local").output == f"{address}\n"
    assert opened == [address]


def test_domain_name_has_priority(address: str, opened: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANB_DOMAIN_NAME", "anb.example.com")
    monkeypatch.setenv("ANB_HOSTED_ZONE_ID", "Z0123456789ABCDEFGHIJ")
    assert run("--target", "local").output == "http://anb.example.com\n"


def test_without_options_the_local_address_is_printed(target: Target, tmp_path: Path, opened: list[str]) -> None:
    StateFile(tmp_path).write(
        SystemState(phase=RUNNING, supervisor=this_process(), url="http://127.0.0.1:8080", infra=True, children={})
    )
    assert run().output == "http://127.0.0.1:8080\n"


def test_killed_supervisor_is_not_running(target: Target, tmp_path: Path) -> None:
    gone = replace(this_process(), started=1.0)
    StateFile(tmp_path).write(
        SystemState(phase=RUNNING, supervisor=gone, url="http://127.0.0.1:8080", infra=True, children={})
    )
    result = run()
    assert (result.exit_code, "Nothing is running." in result.output) == (1, True)


def test_without_a_local_run_the_error_names_the_options(target: Target) -> None:
    result = run()
    assert result.exit_code == 1
    assert "Nothing is running. Start it with ./anb up, or choose a deployment with --target or" in result.output


def test_missing_load_balancer_is_an_error(target: Target) -> None:
    result = run("--target", "local")
    assert result.exit_code == 1
    assert "The environment local is not deployed: it has no load balancer." in result.output
