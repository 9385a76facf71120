"""Interface endpoints: access from private subnets to AWS services without the internet."""

from __future__ import annotations

from collections.abc import Sequence

from constructs_lib.foundation import cdk, stack_context
from constructs_lib.foundation.errors import Checks
from constructs_lib.network.security_group import SecurityGroup

_OTHER_NAMES = {"cloudwatch": "monitoring"}


def endpoint_of(action: str) -> str:
    """Return the endpoint that serves an IAM action, such as ``sqs`` for ``sqs:SendMessage``."""
    service = action.partition(":")[0]
    return _OTHER_NAMES.get(service, service)


class InterfaceEndpoints(cdk.Construct):
    """An interface endpoint for each service, in every private subnet, with the service's usual DNS name.

    Each endpoint is billed per hour and zone, in addition to its traffic.
    https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html

    Args:
        vpc_id: id of the VPC.
        cidr: range of the VPC; all of its addresses can call the endpoints.
        subnet_ids: ids of the private subnets.
        name: prefix of the resources' names.
        services: names of the services, as in ``com.amazonaws.<region>.<service>``.

    Raises:
        ConstructError: for an invalid name, a duplicate, or S3, which has a gateway endpoint.
    """

    def __init__(
        self,
        scope: cdk.Construct,
        id: str,
        *,
        vpc_id: str,
        cidr: str,
        subnet_ids: Sequence[str],
        name: str,
        services: Sequence[str],
    ) -> None:
        checks = Checks(scope, id)
        for number, service in enumerate(services):
            checks.name("services", service, longest=50, owner="service", pattern=r"[a-z][a-z0-9.-]*")
            if service == "s3":
                raise checks.error(
                    "services", service, allowed="another service", fix="remove it, as S3 has a gateway endpoint"
                )
            if service in services[:number]:
                raise checks.error("services", service, allowed="listed once", fix="remove the duplicate")
        super().__init__(scope, id)
        self.security_group = SecurityGroup(
            self, "security-group", vpc_id=vpc_id, name=f"{name}-endpoints-sg", description="AWS services from the VPC"
        )
        self.security_group.allow_from_range(cidr, 443, description="HTTPS from the VPC")
        for service in services:
            cdk.aws.vpc_endpoint.VpcEndpoint(
                self,
                service,
                vpc_id=vpc_id,
                service_name=f"com.amazonaws.{stack_context.region(self)}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=list(subnet_ids),
                security_group_ids=[self.security_group.id],
                tags={"Name": f"{name}-{service}-endpoint"},
            )
