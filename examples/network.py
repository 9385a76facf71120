"""A VPC with public and private subnets over three zones and one way out for the private ones."""

from constructs_lib import Network, Stack
from constructs_lib.foundation import cdk

app = cdk.App()
stack = Stack(app, "network", region="eu-west-1")

network = Network(stack, "network", cidr="10.20.0.0/16", availability_zones=3)
stack.output("vpc", network.vpc_id)

app.synth()
