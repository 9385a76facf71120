"""Machines that boot, and the emulated region around them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.boot.region import CACHE_DIR, Region, open_region
from benchmarks.boot.rollout import Rollout
from emulator.debian import ensure_root
from emulator.load_balancer import LoadBalancer
from emulator.machine import Machine, MachineOptions
from emulator.metadata import Identity, MetadataService
from emulator.network import METADATA_ADDRESS, SUBNET, NetworkNamespace
from emulator.runs import EmulatorRun, open_run
from emulator.system import ensure_programs
from tests.e2e.instances.instance_groups import RunningInstances

Boot = Callable[[str], Machine]


@pytest.fixture(scope="session")
def console() -> Console:
    return Console()


@pytest.fixture(scope="session")
def debian(console: Console) -> Path:
    """The root file system of Debian 13."""
    ensure_programs()
    return ensure_root(CACHE_DIR / "roots", console)


@pytest.fixture(scope="module")
def run(debian: Path) -> Iterator[EmulatorRun]:
    with open_run(CACHE_DIR / "runs") as run:
        yield run


@pytest.fixture(scope="module")
def network(run: EmulatorRun) -> Iterator[NetworkNamespace]:
    with NetworkNamespace(run.name) as network:
        yield network


@pytest.fixture(scope="module")
def metadata(network: NetworkNamespace) -> Iterator[MetadataService]:
    with MetadataService(network.listener(METADATA_ADDRESS, 80)) as metadata:
        yield metadata


@pytest.fixture(scope="module")
def boot(run: EmulatorRun, debian: Path, network: NetworkNamespace, metadata: MetadataService) -> Iterator[Boot]:
    """A function that boots a machine with user data and waits until cloud-init is done."""
    machines: list[Machine] = []
    numbers = itertools.count(16)

    def boot(user_data: str) -> Machine:
        number = next(numbers)
        address, name = str(SUBNET[number]), f"machine-{number}"
        identity = Identity(
            instance_id=f"i-{number:017x}", address=address, region="us-east-1", role="example", user_data=user_data
        )
        metadata.register(identity)
        options = MachineOptions(name=name, address=address, hosts={"aws.example": str(SUBNET[1])})
        machine = Machine(debian, run.folder / name, network, options)
        machines.append(machine)
        machine.start()
        machine.wait_for_user_data()
        return machine

    yield boot
    for machine in machines:
        machine.stop()


@pytest.fixture(scope="session")
def region(debian: Path, console: Console) -> Iterator[Region]:
    """The region with every stack, deployed once."""
    with open_region(console) as region:
        yield region


@pytest.fixture(scope="session")
def balancer(region: Region) -> Iterator[LoadBalancer]:
    with LoadBalancer(region.connect) as balancer:
        yield balancer


@pytest.fixture(scope="session")
def running(region: Region, balancer: LoadBalancer) -> RunningInstances:
    """The instances in service, which rollouts replace."""
    return RunningInstances(rollout=Rollout(region=region, balancer=balancer))
