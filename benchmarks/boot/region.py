"""A region of AWS on this machine: every stack deployed, and its instances really booted.

Real are Terraform and its provider, the operating system, cloud-init, the user-data, the services, PostgreSQL. Played
are the AWS APIs (moto), Auto Scaling's waits, instance metadata and the network's names.
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
from emulator.machine import Machine, MachineOptions
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

OWN = paths.CACHE_DIR / "boot"
"""The roots that are kept, and the folders of the runs."""


@dataclass(kw_only=True)
class BootedInstance:
    """An instance of a group.

    Args:
        group: as it was when it was launched.
        machine: that boots it.
        identity: what instance metadata says about it.
        launching: Auto Scaling's wait for it, where the group has a hook for that.
    """

    group: LaunchGroup
    machine: Machine
    identity: Identity
    launching: LifecycleWait | None

    @property
    def serves(self) -> bool:
        """Whether it belongs behind the load balancer."""
        return self.group.service == PORTAL


@contextmanager
def open_region(console: Console) -> Iterator[Region]:
    """A region, until the block ends.

    Args:
        console: where the progress is shown.

    Raises:
        NotHere: this machine cannot boot containers.
    """
    ensure_programs()
    with open_run(OWN / "runs") as run, Region(run, OWN / "roots", console) as region:
        yield region


class Region:
    """The stacks of the embedded environment, deployed; and what their instances need around them.

    Args:
        run: the folder it works in.
        roots: where the roots of Debian are kept.
        console: where the progress is shown.
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
            with step("Starting PostgreSQL and the embedded AWS", self._console):
                self.cluster.create()
                self._keep(stack, self.cluster.start(log=self._logs / "database.log"))
                self._keep(stack, aws.start(self.aws_port, log=self._logs / "aws.log"))
            software = {"ANB_RELEASE_DIRECTORY": str(self._build_release())}
            deployed = deployment.deploy_with_terraform(self.run.folder, self.aws_port, self._console, software)
            self._open_database(deployed.portal)
            self._serve(stack, deployed.portal)
            stack.callback(self._stop_all)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def launch(self, service: str) -> BootedInstance:
        """Boot an instance, as Auto Scaling does: the newest version of its group's launch template.

        Args:
            service: PORTAL or WORKER.
        """
        group = read_groups(self.aws_port)[service]
        number = len(self._launched)
        taken = {instance.identity.instance_id for instance in self._launched}
        fresh = [instance_id for instance_id in group.instance_ids if instance_id not in taken]
        address = str(SUBNET[_FIRST_MACHINE + number])
        identity = Identity(
            instance_id=fresh[0] if fresh else f"i-{secrets.token_hex(8)}0",
            address=address,
            region=aws.REGION,
            role=group.role,
            user_data=group.user_data,
            instance_type=group.instance_type,
            image_id=group.image_id,
        )
        self.metadata.register(identity)
        waits = LAUNCHING in group.hooks
        name = f"{service}-{number}"
        machine = Machine(
            self._root,
            self.run.folder / "machines" / name,
            self.network,
            MachineOptions(name=name, address=address, hosts=self._hosts, authority=self.authority.certificate),
        )
        launching = self.scaling.expect(group.name, LAUNCHING, identity.instance_id) if waits else None
        instance = BootedInstance(group=group, machine=machine, identity=identity, launching=launching)
        self._launched.append(instance)
        machine.start()
        return instance

    def tell_to_leave(self, instance: BootedInstance) -> LifecycleWait | None:
        """Tell an instance to leave, as Auto Scaling does; gives its wait, where the group has a hook for that."""
        waits = TERMINATING in instance.group.hooks
        wait = self.scaling.expect(instance.group.name, TERMINATING, instance.identity.instance_id) if waits else None
        instance.identity.target_state = "Terminated"
        return wait

    def connect(self, address: str) -> socket.socket:
        """A connection to the portal of the machine at this address."""
        connection = self.network.socket()
        connection.settimeout(60)
        connection.connect((address, self._portal_port))
        return connection

    def _build_release(self) -> Path:
        target = paths.CACHE_DIR / "release" / _ARCHITECTURE
        self.release = build(paths.ROOT, target, _ARCHITECTURE, self._console, wheels=paths.CACHE_DIR / "wheels")
        return target

    def _open_database(self, portal: dict[str, str]) -> None:
        """RDS makes the master user and the first database; the instances make the rest."""
        credentials = deployment.database_credentials(self.aws_port, portal["DATABASE_SECRET_ARN"])
        self.cluster.ensure_role(credentials.username, credentials.password)
        self.cluster.ensure_database(portal["DATABASE_NAME"], owner=credentials.username)

    def _serve(self, stack: ExitStack, portal: dict[str, str]) -> None:
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
