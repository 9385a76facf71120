"""A web service behind an HTTPS load balancer: two to six instances, with rolling replacement."""

from pathlib import Path

from constructs_lib import AccessLogBucket, Bucket, Network, PublicLoadBalancer, Release, Stack, WebService
from constructs_lib.foundation import cdk

CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/6d3f2a1e-0000-4000-8000-000000000000"

app = cdk.App()
stack = Stack(app, "web", region="eu-west-1", tags={"Team": "shop"})

network = Network(stack, "network")
balancer = PublicLoadBalancer(
    stack,
    "balancer",
    network=network,
    certificate_arn=CERTIFICATE,
    access_logs=AccessLogBucket(stack, "access-logs"),
)
software = Bucket(stack, "software")
release = Release(stack, "release", bucket=software, parts={"shop": Path(__file__).parent / "software"})

web = WebService(
    stack,
    "web",
    network=network,
    load_balancer=balancer,
    release=release,
    command="/usr/bin/python3 -m shop.web",
    environment={"GREETING": "hello"},
    capacity=(2, 6),
)
stack.output("address", balancer.url)

app.synth()
