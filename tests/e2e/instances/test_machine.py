"""A machine is a Debian 13 that boots as on EC2, is isolated, and leaves nothing behind."""

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


def run_on(machine: Machine, *command: str) -> str:
    result = machine.execute(*command)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def error_of(machine: Machine, *command: str) -> str:
    result = machine.execute(*command)
    assert result.returncode != 0, result.stdout
    return result.stderr


def test_machine_has_the_os_and_python_of_the_instances(machine: Machine) -> None:
    assert "VERSION_CODENAME=trixie" in run_on(machine, "cat", "/etc/os-release")
    assert run_on(machine, "python3", "--version").startswith("Python 3.13.")
    assert run_on(machine, "systemctl", "is-system-running", "--wait") == "running"


def test_cloud_init_reads_user_data_from_ec2_metadata(machine: Machine, metadata: MetadataService) -> None:
    status = run_on(machine, "cloud-init", "status", "--long")
    assert "detail: DataSourceEc2Local" in status
    assert "errors: []" in status
    assert "0\nhello from user-data\n" in machine.user_data_output()
    assert metadata.paths(machine.address)[0] == "api/token"
    assert "user-data" in metadata.paths(machine.address)


def test_journal_is_written_to_the_console_log(machine: Machine) -> None:
    assert "hello from user-data" in machine.console.read_text(errors="replace")


def test_failing_user_data_is_an_error(boot: Boot) -> None:
    machine = boot("#!/bin/bash\necho broken >&2\nexit 3\n")
    assert machine.wait_for_user_data() == "error"
    assert "broken" in machine.user_data_output()


def test_machine_has_no_default_route(machine: Machine) -> None:
    routes = run_on(machine, "ip", "route").splitlines()
    assert sorted(route.split()[0] for route in routes) == ["10.0.0.0/24", "169.254.169.254"]
    assert "default" not in run_on(machine, "ip", "-6", "route")


@pytest.mark.parametrize("address", ["8.8.8.8", "52.95.110.1", "10.1.0.1", "172.17.0.1", "192.168.1.1", "2600::"])
def test_other_addresses_are_unreachable(machine: Machine, address: str) -> None:
    assert "Network is unreachable" in error_of(machine, "python3", "-c", _CONNECT.format(address, 443))


def test_added_default_route_does_not_reach_the_host(machine: Machine) -> None:
    """The route leads to the bridge, which does not forward packets."""
    run_on(machine, "ip", "route", "add", "default", "via", "10.0.0.1")
    try:
        error_of(machine, "python3", "-c", _CONNECT.format("8.8.8.8", 443))
    finally:
        run_on(machine, "ip", "route", "del", "default")


def test_machine_resolves_only_its_configured_names(machine: Machine) -> None:
    assert run_on(machine, "getent", "hosts", "aws.example").split()[0] == "10.0.0.1"
    error_of(machine, "getent", "hosts", "example.com")


def test_metadata_without_a_token_returns_401(machine: Machine) -> None:
    command = "curl --silent --output /dev/null --write-out %{http_code} http://169.254.169.254/latest/user-data"
    assert run_on(machine, *command.split()) == "401"


def test_closed_ports_refuse_connections(machine: Machine) -> None:
    assert "Connection refused" in error_of(machine, "python3", "-c", _CONNECT.format("10.0.0.1", 443))


def processes_of(network: NetworkNamespace, machine: str = "") -> list[int]:
    """List the processes of a machine, or of all machines."""
    root = control_groups.hierarchy()
    assert root is not None
    group = root / network.name / machine
    return [int(pid) for file in group.rglob("cgroup.procs") for pid in file.read_text().split()]


def test_machines_have_separate_control_groups(boot: Boot, machine: Machine, network: NetworkNamespace) -> None:
    """With a shared control group, each machine's systemd would stop the other's services."""
    other = boot("#!/bin/bash\nsystemd-run --unit lasting sleep 600\n")
    assert run_on(other, "systemctl", "is-active", "lasting") == "active"
    assert not set(processes_of(network, machine.name)) & set(processes_of(network, other.name))
    assert "lasting" not in run_on(machine, "systemd-cgls", "--no-pager")
    other.stop()
    assert run_on(machine, "systemctl", "is-system-running") == "running"


def test_stopped_machine_leaves_only_its_log(run: EmulatorRun, debian: Path, network: NetworkNamespace) -> None:
    options = MachineOptions(name="short", address="10.0.0.99")
    machine = Machine(debian, run.folder / "short", network, options)
    machine.start()
    machine.wait_until(lambda: "systemd[1]:" in machine.console.read_text(), condition="it boots", seconds=30)
    processes = processes_of(network, machine.name)
    assert processes
    machine.stop()
    assert not any(start_time(pid) for pid in processes)
    assert "short" not in Path("/proc/self/mountinfo").read_text()
    assert machine.console.stat().st_size > 0
    assert not (debian / "etc/hosts").exists() or "10.0.0.99" not in (debian / "etc/hosts").read_text()


def test_killed_run_is_cleaned_up(debian: Path, tmp_path: Path) -> None:
    abandoned = EmulatorRun(tmp_path / "anb-abandoned")
    network = NetworkNamespace(abandoned.name).__enter__()
    options = MachineOptions(name="abandoned", address="10.0.0.16")
    machine = Machine(debian, abandoned.folder / "abandoned", network, options)
    machine.start()
    machine.wait_until(lambda: machine.running, condition="it runs", seconds=30)
    processes = processes_of(network)
    assert processes
    clean(abandoned.folder)
    assert not any(start_time(pid) for pid in processes)
    assert namespaces(abandoned.name) == []
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()
    assert not abandoned.folder.exists()


def test_network_of_the_host_is_unchanged(machine: Machine) -> None:
    links = subprocess.run(["ip", "-brief", "link"], capture_output=True, text=True, check=True).stdout
    assert machine.name not in links
    assert "169.254.169.254" not in subprocess.run(["ip", "addr"], capture_output=True, text=True, check=True).stdout
