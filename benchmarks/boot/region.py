"""An AWS region emulated on this machine: all stacks deployed, instances booted in containers.

Real: Terraform and its provider, the operating system, cloud-init, user data, services, PostgreSQL. Emulated: the AWS
APIs (moto), lifecycle hooks of Auto Scaling, instance metadata, DNS names.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmarks.boot.groups import PORTAL, LaunchGroup, read_groups
from constructs_lib.compute.lifecycle import LAUNCHING, TERMINATING
from emulator import aws
from emulator.async_thread import EventLoopThread
from emulator.autoscaling import AutoScaling, LifecycleWait
from emulator.debian import ensure_root
from emulator.machine import CA_BUNDLE, Machine, MachineOptions
from emulator.metadata import Identity, MetadataService
from emulator.network import METADATA_ADDRESS, SUBNET, NetworkNamespace
from emulator.request_recorder import RequestRecorder
from emulator.runs import EmulatorRun, open_run
from emulator.system import ensure_programs
from emulator.tls_proxies import CertificateAuthority, aws_names, postgres_tls_proxy, tls_proxy
from operations.local import deployment
from operations.release.build import build
from workspace import paths
from workspace.ports import free_port
from workspace.postgres import Cluster
from workspace.processes import Child
from workspace.progress import step

AWS_ADDRESS, SCALING_ADDRESS, DATABASE_ADDRESS = (str(SUBNET[number]) for number in (2, 3, 4))
_FIRST_MACHINE = 16
_ARCHITECTURE = "x86_64"

CACHE_DIR = paths.CACHE_DIR / "boot"
"""Cached root file systems, and the folders of the runs."""


@dataclass(kw_only=True)
class BootedInstance:
    """A booted instance of a group.

    Args:
        group: the group at the time of the launch.
        machine: container of the instance.
        identity: instance metadata.
        launching: wait of the launching lifecycle hook; None if the group has none.
    """

    group: LaunchGroup
    machine: Machine
    identity: Identity
    launching: LifecycleWait | None

    @property
    def serves(self) -> bool:
        """Whether the instance belongs behind the load balancer."""
        return self.group.service == PORTAL


@contextmanager
def open_region(console: Console) -> Iterator[Region]:
    """Open a region for the duration of the block.

    Args:
        console: console for progress.

    Raises:
        UnsupportedHost: this machine cannot boot containers.
    """
    ensure_programs()
    with open_run(CACHE_DIR / "runs") as run, Region(run, CACHE_DIR / "roots", console) as region:
        yield region


class Region:
    """The deployed stacks of the embedded environment, and the services that their instances need.

    Args:
        run: folder of the run.
        roots: folder of the cached Debian root file systems.
        console: console for progress.
    """

    def __init__(self, run: EmulatorRun, roots: Path, console: Console) -> None:
        self.run = run
        self._roots = roots
        self._console = console
        self._stack = ExitStack()
        self._launched: list[BootedInstance] = []
        self._logs = run.folder / "logs"
        self.aws_port = free_port()
        self.cluster = Cluster(
            directory=run.folder / "postgres",
            port=free_port(),
            password=secrets.token_urlsafe(24),
            durable=False,
        )
        self.authority = CertificateAuthority()
        self.network = NetworkNamespace(run.name)
        self.loop = EventLoopThread()
        self.scaling = AutoScaling(self.aws_port)
        self.recorder = RequestRecorder()

    def __enter__(self) -> Region:
        with ExitStack() as stack:
            self._root = ensure_root(self._roots, self._console)
            for each in (self.loop, self.network, self.scaling):
                stack.enter_context(each)
            self.metadata = stack.enter_context(MetadataService(self.network.listener(METADATA_ADDRESS, 80)))
            with step("Starting PostgreSQL and the AWS emulator", self._console):
                self.cluster.create()
                self._keep(stack, self.cluster.start(log=self._logs / "database.log"))
                self._keep(stack, aws.start(self.aws_port, log=self._logs / "aws.log"))
            software = {"ANB_RELEASE_DIRECTORY": str(self._build_release())}
            deployed = deployment.deploy_with_terraform(self.run.folder, self.aws_port, self._console, software)
            self._create_database(deployed.portal)
            self._start_proxies(stack, deployed.portal)
            stack.callback(self._stop_all)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def launch(self, service: str, *, version: str = "$Latest", instance_id: str | None = None) -> BootedInstance:
        """Boot an instance from a launch template version of its group, as Auto Scaling does.

        Args:
            service: PORTAL or WORKER.
            version: launch template version. Default: the newest.
            instance_id: id of the instance. Default: that of an instance of the group which has not booted yet.
        """
        group = read_groups(self.aws_port, version=version)[service]
        number = len(self._launched)
        used_ids = {instance.identity.instance_id for instance in self._launched}
        unused_ids = [instance_id for instance_id in group.instance_ids if instance_id not in used_ids]
        address = str(SUBNET[_FIRST_MACHINE + number])
        identity = Identity(
            instance_id=instance_id or (unused_ids[0] if unused_ids else f"i-{secrets.token_hex(8)}0"),
            address=address,
            region=aws.REGION,
            role=group.role,
            user_data=group.user_data,
            instance_type=group.instance_type,
            image_id=group.image_id,
        )
        self.metadata.register(identity)
        has_hook = LAUNCHING in group.hooks
        name = f"{service}-{number}"
        machine = Machine(
            self._root,
            self.run.folder / "machines" / name,
            self.network,
            MachineOptions(
                name=name,
                address=address,
                hosts=self._hosts,
                authority=self.authority.certificate,
                # The emulated database's certificate is signed by this run's authority, not by RDS's.
                overrides={"DATABASE_CA_FILE": CA_BUNDLE},
            ),
        )
        launching = self.scaling.expect(group.name, LAUNCHING, identity.instance_id) if has_hook else None
        instance = BootedInstance(group=group, machine=machine, identity=identity, launching=launching)
        self._launched.append(instance)
        machine.start()
        return instance

    def begin_termination(self, instance: BootedInstance) -> LifecycleWait | None:
        """Start the termination of an instance, as Auto Scaling does; return the wait of its lifecycle hook, if any."""
        has_hook = TERMINATING in instance.group.hooks
        wait = (
            self.scaling.expect(instance.group.name, TERMINATING, instance.identity.instance_id) if has_hook else None
        )
        instance.identity.target_state = "Terminated"
        return wait

    def connect(self, address: str) -> socket.socket:
        """Connect to the portal on the instance with this address."""
        connection = self.network.socket()
        connection.settimeout(60)
        connection.connect((address, self._portal_port))
        return connection

    def _build_release(self) -> Path:
        target = paths.CACHE_DIR / "release" / _ARCHITECTURE
        self.release = build(paths.ROOT, target, _ARCHITECTURE, self._console, wheels=paths.CACHE_DIR / "wheels")
        return target

    def _create_database(self, portal: dict[str, str]) -> None:
        """Create what RDS creates: the master user and the database."""
        credentials = deployment.database_credentials(self.aws_port, portal["DATABASE_SECRET_ARN"])
        self.cluster.ensure_role(credentials.username, credentials.password)
        self.cluster.ensure_database(portal["DATABASE_NAME"], owner=credentials.username)

    def _start_proxies(self, stack: ExitStack, portal: dict[str, str]) -> None:
        names = aws_names(aws.REGION, [portal["MEDIA_BUCKET"]])
        scaling = f"autoscaling.{aws.REGION}.amazonaws.com"
        database = portal["DATABASE_HOST"]
        self._portal_port = int(portal["PORTAL_PORT"])
        self._hosts = {
            **dict.fromkeys(names, AWS_ADDRESS),
            scaling: SCALING_ADDRESS,
            database: DATABASE_ADDRESS,
        }
        for address in (AWS_ADDRESS, SCALING_ADDRESS, DATABASE_ADDRESS):
            self.network.add_address(address)
        certificate = self.authority.server_context(names)
        listen, loop, recorder = self.network.listener, self.loop, self.recorder
        stack.enter_context(tls_proxy(loop, listen(AWS_ADDRESS, 443), certificate, self.aws_port, recorder))
        stack.enter_context(tls_proxy(loop, listen(SCALING_ADDRESS, 443), certificate, self.scaling.port, recorder))
        port = int(portal["DATABASE_PORT"])
        certificate = self.authority.server_context([database])
        stack.enter_context(postgres_tls_proxy(loop, listen(DATABASE_ADDRESS, port), certificate, self.cluster.port))

    def _stop_all(self) -> None:
        for instance in self._launched:
            instance.machine.stop()

    def _keep(self, stack: ExitStack, child: Child) -> None:
        stack.callback(child.stop)
        self.run.track(child.pid)
