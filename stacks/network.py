"""The VPC."""

from __future__ import annotations

from constructs_lib import Network
from constructs_lib.foundation import cdk
from stacks.base import AnbStack
from stacks.settings.model import Settings


class NetworkStack(AnbStack):
    """Two zones, a public and a private subnet in each."""

    def __init__(self, scope: cdk.Construct, settings: Settings) -> None:
        super().__init__(scope, "network", settings)
        lab = settings.existing_instance_profile
        self.network = Network(
            self,
            "network",
            name=self.prefix,
            cidr=settings.vpc_cidr,
            public_cidrs=settings.public_cidrs,
            private_cidrs=settings.private_cidrs,
            nat=settings.nat,
            interface_endpoints=settings.interface_endpoints,
            flow_log_days=settings.flow_log_days,
            flow_logs_off_reason=f"an account with {lab} cannot create the role that flow logs need" if lab else None,
        )
        self.output("environment_name", self.prefix, "Name of the environment")
        self.output("vpc_id", self.network.vpc_id, "Id of the VPC")
