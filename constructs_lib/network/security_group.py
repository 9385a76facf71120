"""Security groups that are opened to each other by name, never to a range of addresses by habit."""

from __future__ import annotations

from constructs_lib.foundation import cdk, names
from constructs_lib.foundation.errors import Checks
from constructs_lib.foundation.waivers import waive


class SecurityGroup(cdk.Construct):
    """A security group without rules, and the verbs that open it.

    Each rule is a resource of its own in the scope that asked for it, so two groups may name each other and a
    group of another stack can be opened without changing that stack.

    Args:
        vpc_id: the VPC it belongs to.
        description: what it is for. AWS can't change it later without making a new group.
        name: prefix of its name; Terraform adds the rest, so that it can be replaced while in use. By default it
            follows from the construct's path.
    """

    def __init__(
        self, scope: cdk.Construct, id: str, *, vpc_id: str, description: str, name: str | None = None
    ) -> None:
        checks = Checks(scope, id)
        name = names.security_group(checks, name)
        checks.name("description", description, longest=255, owner="rule", pattern=r"[\w .:/()#,@\[\]+=&;{}!$*-]+")
        super().__init__(scope, id)
        group = cdk.aws.security_group.SecurityGroup(
            self,
            "group",
            name_prefix=f"{name}-",
            description=description,
            vpc_id=vpc_id,
            tags={"Name": name},
            lifecycle=cdk.TerraformResourceLifecycle(create_before_destroy=True),
        )
        self.id: str = group.id

    def allow_from(
        self,
        scope: cdk.Construct,
        id: str,
        *,
        source: SecurityGroup,
        port: int,
        description: str,
    ) -> None:
        """Let another group reach this one on a TCP port, and out to it.

        Args:
            scope: where the rules are made; the later of the two stacks.
            id: prefix of the rules' ids.
            source: the group that connects.
            port: the port it connects to.
            description: why.
        """
        cdk.aws.vpc_security_group_ingress_rule.VpcSecurityGroupIngressRule(
            scope,
            f"{id}-in",
            security_group_id=self.id,
            referenced_security_group_id=source.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=description,
        )
        cdk.aws.vpc_security_group_egress_rule.VpcSecurityGroupEgressRule(
            scope,
            f"{id}-out",
            security_group_id=source.id,
            referenced_security_group_id=self.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=description,
        )

    def allow_from_world(self, port: int, *, description: str) -> None:
        """Let any IPv4 address reach a TCP port. Only a public load balancer has a reason to: the description."""
        explains = ["open-security-group", *(["CKV_AWS_260"] if port == 80 else [])]
        waive(self, f"is open to the world on port {port}", reason=description, explains=explains)
        self._allow_in(f"world-{port}", "0.0.0.0/0", port, description)

    def allow_from_range(self, cidr: str, port: int, *, description: str) -> None:
        """Let the addresses of a range reach a TCP port, such as those of a VPC its endpoints."""
        self._allow_in(f"range-{port}", cidr, port, description)

    def _allow_in(self, id: str, cidr: str, port: int, description: str) -> None:
        cdk.aws.vpc_security_group_ingress_rule.VpcSecurityGroupIngressRule(
            self,
            id,
            security_group_id=self.id,
            cidr_ipv4=cidr,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=description,
        )

    def allow_https_out(self, *, description: str) -> None:
        """Let it call HTTPS services anywhere, which is what AWS's own API endpoints need."""
        cdk.aws.vpc_security_group_egress_rule.VpcSecurityGroupEgressRule(
            self,
            "https-out",
            security_group_id=self.id,
            cidr_ipv4="0.0.0.0/0",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            description=description,
        )
