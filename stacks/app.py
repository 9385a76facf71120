"""Create the stacks of ANB and connect them."""

from __future__ import annotations

from constructs_lib.foundation import cdk
from stacks.database import DatabaseStack
from stacks.load_balancer import LoadBalancerStack
from stacks.network import NetworkStack
from stacks.observability import ObservabilityStack
from stacks.portal import PortalStack
from stacks.queue import QueueStack
from stacks.release_artifacts import Software
from stacks.settings.model import Settings
from stacks.storage import StorageStack
from stacks.workers import WorkersStack


def build(app: cdk.App, settings: Settings, software: Software) -> list[cdk.TerraformStack]:
    """Add the eight stacks to an app.

    Args:
        app: the CDKTF app.
        settings: settings of the deployment.
        software: releases of the services.

    Returns:
        The stacks, each after its dependencies.
    """
    network = NetworkStack(app, settings)
    storage = StorageStack(app, settings, software)
    queue = QueueStack(app, settings)
    database = DatabaseStack(app, settings, network)
    load_balancer = LoadBalancerStack(app, settings, network)
    portal = PortalStack(
        app,
        settings,
        network=network,
        load_balancer=load_balancer,
        storage=storage,
        queue=queue,
        database=database,
    )
    workers = WorkersStack(app, settings, network=network, storage=storage, queue=queue, database=database)
    observability = ObservabilityStack(app, settings, queue=queue, database=database, portal=portal, workers=workers)
    return [network, storage, queue, database, load_balancer, portal, workers, observability]
