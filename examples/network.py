"""A VPC with public and private subnets in three zones, and one NAT gateway."""

from constructs_lib import Network, Stack
from constructs_lib.foundation import cdk

app = cdk.App()
stack = Stack(app, "network", region="eu-west-1")

network = Network(stack, "network", cidr="10.20.0.0/16", availability_zones=3)
stack.output("vpc", network.vpc_id)

app.synth()
