"""Security groups that allow each other by reference instead of by address range."""

from __future__ import annotations

from constructs_lib.foundation import cdk, names
from constructs_lib.foundation.errors import Checks
from constructs_lib.foundation.waivers import waive


class SecurityGroup(cdk.Construct):
    """A security group without rules, and methods that add rules.

    Each rule is a separate resource in the caller's scope, so two groups can refer to each other, and a rule for a
    group of another stack does not change that stack.

    Args:
        vpc_id: id of the VPC.
        description: purpose of the group. AWS replaces the group when it changes.
        name: prefix of the name; Terraform adds a suffix, so that the group can be replaced while in use. By default
            derived from the construct's path.
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
        """Allow another group to connect to this one on a TCP port, in both groups' rules.

        Args:
            scope: scope of the rules; of two stacks, the one that is deployed later.
            id: prefix of the rules' ids.
            source: group that connects.
            port: TCP port.
            description: description of the rules.
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
        """Allow any IPv4 address to connect to a TCP port; the description is the waiver's reason."""
        explains = ["open-security-group", *(["CKV_AWS_260"] if port == 80 else [])]
        waive(self, f"is open to the world on port {port}", reason=description, explains=explains)
        self._allow_in(f"world-{port}", "0.0.0.0/0", port, description)

    def allow_from_range(self, cidr: str, port: int, *, description: str) -> None:
        """Allow an address range to connect to a TCP port, such as a VPC to its endpoints."""
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
        """Allow HTTPS to any address, which AWS's API endpoints need."""
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
