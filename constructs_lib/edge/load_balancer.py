"""Public Application Load Balancer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from constructs_lib.edge.access_log_bucket import AccessLogBucket
from constructs_lib.edge.certificate import Certificate, Domain
from constructs_lib.foundation import cdk, names
from constructs_lib.foundation.errors import Checks
from constructs_lib.foundation.waivers import waive
from constructs_lib.network.network import Network
from constructs_lib.network.security_group import SecurityGroup

TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
"""TLS 1.3, and 1.2 for older browsers, AWS's recommended policy.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html"""

_PLAIN_LISTENER_RULES = ("CKV_AWS_2", "CKV_AWS_103")


class PublicLoadBalancer(cdk.Construct):
    """An internet-facing load balancer.

    With a domain or a certificate it serves HTTPS on port 443 and redirects port 80. With neither it serves plain
    HTTP, for which it requires a reason. It drops invalid headers and blocks requests that servers could parse
    differently (request smuggling).

    Args:
        network: network of the load balancer, which uses the public subnets.
        name: name, at most 32 characters; by default derived from the construct's path.
        domain: domain of the site; it gets a DNS alias, and a certificate unless ``certificate_arn`` is set.
        certificate_arn: ARN of the site's ACM certificate.
        plain_http_reason: reason for a site without a certificate.
        access_logs: bucket for the access logs.
        access_logs_off_reason: reason for a load balancer without access logs.
        unprotected_reason: reason why the load balancer can be deleted; by default AWS prevents it.
        idle_timeout: maximum time without data on a connection, 1 to 4000 seconds; also the limit of a response.

    Raises:
        ConstructError: if neither HTTPS nor a reason against it is set, or both; the same for access logs.
    """

    def __init__(
        self,
        scope: cdk.Construct,
        id: str,
        *,
        network: Network,
        name: str | None = None,
        domain: Domain | None = None,
        certificate_arn: str | None = None,
        plain_http_reason: str | None = None,
        access_logs: AccessLogBucket | None = None,
        access_logs_off_reason: str | None = None,
        unprotected_reason: str | None = None,
        idle_timeout: timedelta = timedelta(seconds=60),
    ) -> None:
        checks = Checks(scope, id)
        name = names.load_balancer(checks, name)
        seconds = idle_timeout.total_seconds()
        checks.between("idle_timeout", seconds, 1, 4000, fix="use 60 seconds, the usual choice")
        if bool(certificate_arn or domain) == bool(plain_http_reason):
            raise checks.error(
                "certificate_arn",
                certificate_arn,
                allowed="a certificate or a domain, or neither with a plain_http_reason",
                fix="pass one, or give the reason for unencrypted passwords in plain_http_reason",
            )
        if (access_logs is None) == (access_logs_off_reason is None):
            raise checks.error(
                "access_logs",
                access_logs and access_logs.node.path,
                allowed="an AccessLogBucket, or None with an access_logs_off_reason",
                fix="pass one, or give the reason in access_logs_off_reason",
            )
        super().__init__(scope, id)
        self.security_group = SecurityGroup(
            self, "security-group", vpc_id=network.vpc_id, name=f"{name}-sg", description="Open to the world"
        )
        self.security_group.allow_from_world(80, description="HTTP, what browsers try first")
        balancer = cdk.aws.lb.Lb(
            self,
            "balancer",
            name=name,
            load_balancer_type="application",
            internal=False,
            ip_address_type="ipv4",
            security_groups=[self.security_group.id],
            subnets=network.public_subnet_ids,
            drop_invalid_header_fields=True,
            desync_mitigation_mode="defensive",
            enable_deletion_protection=unprotected_reason is None,
            idle_timeout=int(seconds),
            access_logs={"bucket": access_logs.name, "enabled": True} if access_logs else None,
            depends_on=[access_logs.writable] if access_logs else None,
        )
        self.name = name
        self.arn: str = balancer.arn
        self.arn_suffix: str = balancer.arn_suffix
        self.dns_name: str = balancer.dns_name
        self.idle_timeout = idle_timeout
        self.certificate_arn = certificate_arn
        self.plain_http_reason = plain_http_reason
        if domain is not None:
            if certificate_arn is None:
                self.certificate_arn = Certificate(self, "certificate", domain=domain).arn
            self._create_alias_record(domain, balancer)
        self.url = f"{'https' if self.certificate_arn else 'http'}://{domain.name if domain else self.dns_name}"
        if self.certificate_arn:
            self.security_group.allow_from_world(443, description="HTTPS")
        elif plain_http_reason:
            waive(self, "serves plain HTTP", reason=plain_http_reason)
            cdk.Annotations.of(self).add_warning(
                f"serves plain HTTP, anyone on the way can read passwords and sessions: {plain_http_reason}"
            )
        if unprotected_reason is not None:
            waive(self, "may be deleted", reason=unprotected_reason, explains=["CKV_AWS_150"])
        if access_logs_off_reason is not None:
            waive(self, "keeps no access logs", reason=access_logs_off_reason, explains=["CKV_AWS_91"])

    def forward_to(self, target_group_arn: str, *, scope: cdk.Construct | None = None) -> None:
        """Forward every request to a target group. The service behind it calls this once.

        Args:
            target_group_arn: ARN of the target group.
            scope: scope of the forwarding listener; by default the load balancer. A service in another stack passes
                itself, because the load balancer's stack is deployed first, without the target group.
        """
        module = cdk.aws.lb_listener
        forward = module.LbListenerDefaultAction(type="forward", target_group_arn=target_group_arn)
        prefix = "" if scope is None else f"{self.node.id}-"
        if self.certificate_arn is None:
            listener = module.LbListener(
                scope or self,
                f"{prefix}http",
                load_balancer_arn=self.arn,
                port=80,
                protocol="HTTP",
                default_action=[forward],
            )
            reason = self.plain_http_reason or ""
            waive(listener, "serves plain HTTP", reason=reason, explains=_PLAIN_LISTENER_RULES)
            if scope is None:
                # The scanner cannot match a listener of another stack to its load balancer.
                waive(self, "redirects nothing to HTTPS", reason=reason, explains=["CKV2_AWS_20"])
            return
        redirect = module.LbListenerDefaultAction(
            type="redirect", redirect={"port": "443", "protocol": "HTTPS", "status_code": "HTTP_301"}
        )
        module.LbListener(self, "http", load_balancer_arn=self.arn, port=80, protocol="HTTP", default_action=[redirect])
        module.LbListener(
            scope or self,
            f"{prefix}https",
            load_balancer_arn=self.arn,
            port=443,
            protocol="HTTPS",
            ssl_policy=TLS_POLICY,
            certificate_arn=self.certificate_arn,
            default_action=[forward],
        )

    def _create_alias_record(self, domain: Domain, balancer: Any) -> None:
        cdk.aws.route53_record.Route53Record(
            self,
            "alias",
            zone_id=domain.hosted_zone_id,
            name=domain.name,
            type="A",
            alias={"name": balancer.dns_name, "zone_id": balancer.zone_id, "evaluate_target_health": True},
        )
