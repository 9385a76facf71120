"""The edge of a site: a domain, a certificate that renews itself, and a firewall with a rate limit."""

from constructs_lib import AccessLogBucket, Domain, Network, PublicLoadBalancer, Stack, WebFirewall
from constructs_lib.foundation import cdk

app = cdk.App()
stack = Stack(app, "edge", region="eu-west-1")

balancer = PublicLoadBalancer(
    stack,
    "balancer",
    network=Network(stack, "network"),
    domain=Domain(name="www.shop.example", hosted_zone_id="Z0123456789ABCDEFGHIJ"),
    access_logs=AccessLogBucket(stack, "access-logs"),
)
WebFirewall(stack, "firewall", load_balancer=balancer, requests_per_5_minutes=2000)
stack.output("address", balancer.url)

app.synth()
