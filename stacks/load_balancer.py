"""The load balancer, its access logs and its firewall."""

from __future__ import annotations

from constructs_lib import AccessLogBucket, Domain, PublicLoadBalancer, WebFirewall, waive
from constructs_lib.foundation import cdk
from stacks.base import AnbStack
from stacks.network import NetworkStack
from stacks.settings.model import Settings


class LoadBalancerStack(AnbStack):
    """The public load balancer.

    It is a separate stack because it needs only the network, so AWS creates it in parallel with the database.
    """

    def __init__(self, scope: cdk.Construct, settings: Settings, network: NetworkStack) -> None:
        super().__init__(scope, "load-balancer", settings)
        access_logs = AccessLogBucket(
            self,
            "access-logs",
            name=f"{self.prefix}-logs-{self.account}-{settings.aws_region}",
            days=settings.access_log_days,
            force_destroy_reason=settings.effective_profile.waiver_reason("protect"),
            plain_http_reason=self.plain_http_reason,
        )
        name, zone = settings.domain_name, settings.hosted_zone_id
        self.load_balancer = PublicLoadBalancer(
            self,
            "balancer",
            network=network.network,
            name=f"{self.prefix}-alb",
            domain=Domain(name=name, hosted_zone_id=zone) if name else None,
            certificate_arn=settings.certificate_arn or None,
            plain_http_reason=None if settings.https else "neither domain_name nor certificate_arn is set",
            access_logs=access_logs,
            unprotected_reason=settings.effective_profile.waiver_reason("protect"),
        )
        self._create_firewall()
        self.output("application_url", self.load_balancer.url, "URL of the portal")
        self.output("load_balancer_dns", self.load_balancer.dns_name, "DNS name of the load balancer")

    def _create_firewall(self) -> None:
        settings = self.settings
        if settings.waf_requests_per_5_minutes == 0:
            reason = "waf_requests_per_5_minutes is 0, because a firewall has a monthly price"
            waive(self.load_balancer, "has no web firewall", reason=reason, explains=["CKV2_AWS_28"])
            return
        WebFirewall(
            self,
            "firewall",
            load_balancer=self.load_balancer,
            name=f"{self.prefix}-waf",
            requests_per_5_minutes=settings.waf_requests_per_5_minutes,
            large_bodies_reason="the API accepts uploads of whole videos",
            log_days=settings.log_retention_days,
        )
