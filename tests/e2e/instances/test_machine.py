"""A machine is a Debian 13 that boots as on EC2, is alone in the world, and leaves nothing behind."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from emulator import control_groups
from emulator.machine import Machine, MachineOptions
from emulator.metadata import MetadataService
from emulator.network import NetworkNamespace, namespaces
from emulator.runs import EmulatorRun, clean
from tests.e2e.instances.conftest import Boot
from workspace.processes import start_time

_CONNECT = "import socket; socket.create_connection(({!r}, {}), timeout=3)"


@pytest.fixture(scope="module")
def machine(boot: Boot) -> Machine:
    return boot("#!/bin/bash\nid --user\necho hello from user-data\n")


def ask(machine: Machine, *command: str) -> str:
    result = machine.execute(*command)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def fails(machine: Machine, *command: str) -> str:
    result = machine.execute(*command)
    assert result.returncode != 0, result.stdout
    return result.stderr


def test_it_is_the_operating_system_and_the_python_of_the_instances(machine: Machine) -> None:
    assert "VERSION_CODENAME=trixie" in ask(machine, "cat", "/etc/os-release")
    assert ask(machine, "python3", "--version").startswith("Python 3.13.")
    assert ask(machine, "systemctl", "is-system-running", "--wait") == "running"


def test_cloud_init_took_the_user_data_from_ec2_s_metadata(machine: Machine, metadata: MetadataService) -> None:
    status = ask(machine, "cloud-init", "status", "--long")
    assert "detail: DataSourceEc2Local" in status
    assert "errors: []" in status
    assert "0\nhello from user-data\n" in machine.user_data_output()
    assert metadata.paths(machine.address)[0] == "api/token"
    assert "user-data" in metadata.paths(machine.address)


def test_what_its_journal_says_is_in_its_log_here(machine: Machine) -> None:
    assert "hello from user-data" in machine.console.read_text(errors="replace")


def test_user_data_that_fails_is_an_error(boot: Boot) -> None:
    machine = boot("#!/bin/bash\necho broken >&2\nexit 3\n")
    assert machine.wait_for_user_data() == "error"
    assert "broken" in machine.user_data_output()


def test_there_is_no_default_route(machine: Machine) -> None:
    routes = ask(machine, "ip", "route").splitlines()
    assert sorted(route.split()[0] for route in routes) == ["10.0.0.0/24", "169.254.169.254"]
    assert "default" not in ask(machine, "ip", "-6", "route")


@pytest.mark.parametrize("address", ["8.8.8.8", "52.95.110.1", "10.1.0.1", "172.17.0.1", "192.168.1.1", "2600::"])
def test_every_other_address_is_unreachable_at_once(machine: Machine, address: str) -> None:
    assert "Network is unreachable" in fails(machine, "python3", "-c", _CONNECT.format(address, 443))


def test_the_computer_around_it_is_not_reached_by_its_own_routes_either(machine: Machine) -> None:
    """A route it adds itself leads to the bridge, where nobody passes a packet on."""
    ask(machine, "ip", "route", "add", "default", "via", "10.0.0.1")
    try:
        fails(machine, "python3", "-c", _CONNECT.format("8.8.8.8", 443))
    finally:
        ask(machine, "ip", "route", "del", "default")


def test_it_knows_the_names_it_was_given_and_no_others(machine: Machine) -> None:
    assert ask(machine, "getent", "hosts", "aws.example").split()[0] == "10.0.0.1"
    fails(machine, "getent", "hosts", "example.com")


def test_nobody_may_ask_metadata_without_a_token(machine: Machine) -> None:
    command = "curl --silent --output /dev/null --write-out %{http_code} http://169.254.169.254/latest/user-data"
    assert ask(machine, *command.split()) == "401"


def test_what_nobody_serves_on_its_network_is_refused(machine: Machine) -> None:
    assert "Connection refused" in fails(machine, "python3", "-c", _CONNECT.format("10.0.0.1", 443))


def in_group(network: NetworkNamespace, machine: str = "") -> list[int]:
    """The processes of a machine, or of all."""
    root = control_groups.hierarchy()
    assert root is not None
    group = root / network.name / machine
    return [int(pid) for file in group.rglob("cgroup.procs") for pid in file.read_text().split()]


def test_each_machine_s_systemd_rules_over_its_own_processes_alone(
    boot: Boot, machine: Machine, network: NetworkNamespace
) -> None:
    """Two that shared a control group would end each other's services."""
    other = boot("#!/bin/bash\nsystemd-run --unit lasting sleep 600\n")
    assert ask(other, "systemctl", "is-active", "lasting") == "active"
    assert not set(in_group(network, machine.name)) & set(in_group(network, other.name))
    assert "lasting" not in ask(machine, "systemd-cgls", "--no-pager")
    other.stop()
    assert ask(machine, "systemctl", "is-system-running") == "running"


def test_a_machine_that_is_stopped_leaves_only_its_log(
    run: EmulatorRun, debian: Path, network: NetworkNamespace
) -> None:
    options = MachineOptions(name="short", address="10.0.0.99")
    machine = Machine(debian, run.folder / "short", network, options)
    machine.start()
    machine.wait_until(lambda: "systemd[1]:" in machine.console.read_text(), condition="it boots", seconds=30)
    processes = in_group(network, machine.name)
    assert processes
    machine.stop()
    assert not any(start_time(pid) for pid in processes)
    assert "short" not in Path("/proc/self/mountinfo").read_text()
    assert machine.console.stat().st_size > 0
    assert not (debian / "etc/hosts").exists() or "10.0.0.99" not in (debian / "etc/hosts").read_text()


def test_a_run_that_was_killed_is_cleaned_up(debian: Path, tmp_path: Path) -> None:
    abandoned = EmulatorRun(tmp_path / "anb-abandoned")
    network = NetworkNamespace(abandoned.name).__enter__()
    options = MachineOptions(name="left", address="10.0.0.16")
    machine = Machine(debian, abandoned.folder / "left", network, options)
    machine.start()
    machine.wait_until(lambda: machine.running, condition="it runs", seconds=30)
    processes = in_group(network)
    assert processes
    clean(abandoned.folder)
    assert not any(start_time(pid) for pid in processes)
    assert namespaces(abandoned.name) == []
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()
    assert not abandoned.folder.exists()


def test_this_computer_s_own_network_is_as_before(machine: Machine) -> None:
    links = subprocess.run(["ip", "-brief", "link"], capture_output=True, text=True, check=True).stdout
    assert machine.name not in links
    assert "169.254.169.254" not in subprocess.run(["ip", "addr"], capture_output=True, text=True, check=True).stdout
