"""A VPC with public and private subnets in several zones."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from constructs_lib.foundation import cdk, names, stack_context
from constructs_lib.foundation.errors import Checks
from constructs_lib.foundation.waivers import waive
from constructs_lib.network.flow_logs import FlowLogs
from constructs_lib.network.interface_endpoints import InterfaceEndpoints
from constructs_lib.network.nat import Nat

_ZONES_FOR_CIDRS = 8


class Network(cdk.Construct):
    """A VPC with public and private subnets, closed by default.

    It always has an S3 gateway endpoint, which is free and keeps S3 traffic off the NAT gateway. The VPC's default
    security group has no rules, and flow logs record the traffic.

    Each zone has the same ranges for any number of zones, so adding a zone does not renumber subnets: by default the
    VPC is split into 16 equal blocks, the first eight for public subnets, the rest for private subnets. A subnet stays
    in its zone when the region's list of zones changes.

    Args:
        name: prefix of the resources' names; by default derived from the construct's path.
        cidr: range of the VPC, /16 to /24.
        availability_zones: number of zones, 2 to 4.
        public_cidrs: ranges of the public subnets, one per zone; by default blocks of the VPC.
        private_cidrs: ranges of the private subnets, one per zone; by default blocks of the VPC.
        nat: how private instances reach the internet: not at all (``none``), through one NAT gateway in the first zone
            (``single``), or through one in each zone (``per_zone``), which survives the loss of a zone and multiplies
            the cost.
        interface_endpoints: services that the private subnets reach without the internet, such as ``("sqs", "logs")``.
            Without NAT, instances reach only these services and S3; a grant for another service is a warning at synth.
        flow_log_days: retention of the flow logs, in days; one of ``log_retention.RETENTION_DAYS``.
        flow_logs_off_reason: reason for a VPC without flow logs.

    Raises:
        ConstructError: for a range that is not a network, is outside the VPC or overlaps another one; for a number of
            ranges that differs from the number of zones; for an invalid endpoint.
    """

    def __init__(
        self,
        scope: cdk.Construct,
        id: str,
        *,
        name: str | None = None,
        cidr: str = "10.0.0.0/16",
        availability_zones: int = 2,
        public_cidrs: Sequence[str] | None = None,
        private_cidrs: Sequence[str] | None = None,
        nat: Nat = "single",
        interface_endpoints: Sequence[str] = (),
        flow_log_days: int = 30,
        flow_logs_off_reason: str | None = None,
    ) -> None:
        checks = Checks(scope, id)
        name = names.network(checks, name)
        checks.between("availability_zones", availability_zones, 2, 4, fix="use at least 2, as a load balancer needs")
        checks.one_of("nat", nat, ("none", "single", "per_zone"), fix="use single, the usual choice")
        public, private = _subnet_cidrs(checks, cidr, availability_zones, public_cidrs, private_cidrs)
        super().__init__(scope, id)

        vpc = cdk.aws.vpc.Vpc(
            self,
            "vpc",
            cidr_block=cidr,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags={"Name": f"{name}-vpc"},
        )
        self.vpc_id: str = vpc.id
        self._nat = nat
        self._endpoints = frozenset(("s3", *interface_endpoints))
        cdk.aws.default_security_group.DefaultSecurityGroup(
            self, "default-security-group", vpc_id=vpc.id, tags={"Name": f"{name}-default-closed"}
        )
        # Local zones hold neither NAT gateways nor most endpoints.
        zones = cdk.aws.data_aws_availability_zones.DataAwsAvailabilityZones(
            self, "zones", state="available", filter=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}]
        )
        # An index fails in a region with too few zones; Terraform's element() would repeat the first zone.
        zone_names = [f"${{{zones.fqn}.names[{index}]}}" for index in range(availability_zones)]

        internet = cdk.aws.internet_gateway.InternetGateway(
            self, "internet", vpc_id=vpc.id, tags={"Name": f"{name}-igw"}
        )
        public_table = cdk.aws.route_table.RouteTable(
            self, "public-routes", vpc_id=vpc.id, tags={"Name": f"{name}-public-routes"}
        )
        cdk.aws.route.Route(
            self,
            "public-default-route",
            route_table_id=public_table.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=internet.id,
        )
        self.public_subnet_ids: list[str] = []
        self.private_subnet_ids: list[str] = []
        private_tables: list[str] = []
        for number, zone in enumerate(zone_names, start=1):
            self.public_subnet_ids.append(
                self._subnet("public", number, name, zone, public[number - 1], public_table.id)
            )
            table = cdk.aws.route_table.RouteTable(
                self, f"private-routes-{number}", vpc_id=vpc.id, tags={"Name": f"{name}-private-routes-{number}"}
            )
            private_tables.append(table.id)
            self.private_subnet_ids.append(self._subnet("private", number, name, zone, private[number - 1], table.id))

        cdk.aws.vpc_endpoint.VpcEndpoint(
            self,
            "s3-endpoint",
            vpc_id=vpc.id,
            service_name=f"com.amazonaws.{stack_context.region(self)}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=private_tables,
            tags={"Name": f"{name}-s3-endpoint"},
        )
        gateways = {"none": 0, "single": 1, "per_zone": availability_zones}[nat]
        nat_gateways = [self._nat_gateway(number, name, internet) for number in range(1, gateways + 1)]
        for index, table_id in enumerate(private_tables if nat_gateways else []):
            cdk.aws.route.Route(
                self,
                f"private-default-route-{index + 1}",
                route_table_id=table_id,
                destination_cidr_block="0.0.0.0/0",
                nat_gateway_id=nat_gateways[min(index, len(nat_gateways) - 1)],
            )
        if interface_endpoints:
            InterfaceEndpoints(
                self,
                "endpoints",
                vpc_id=vpc.id,
                cidr=cidr,
                subnet_ids=self.private_subnet_ids,
                name=name,
                services=interface_endpoints,
            )
        elif nat == "none":
            cdk.Annotations.of(self).add_warning(
                "the private subnets reach only S3: nat is 'none' and there are no interface_endpoints. "
                "Set nat to 'single', or list the services that the instances call"
            )
        if flow_logs_off_reason is None:
            FlowLogs(self, "flow-logs", vpc_id=vpc.id, name=name, days=flow_log_days)
        else:
            waive(self, "keeps no flow logs", reason=flow_logs_off_reason, explains=["CKV2_AWS_11"])

    def reaches(self, service: str) -> bool:
        """Whether instances in private subnets can call an AWS service, such as ``sqs``."""
        return self._nat != "none" or service in self._endpoints

    def _subnet(self, tier: str, number: int, name: str, zone: str, cidr: str, table_id: str) -> str:
        subnet = cdk.aws.subnet.Subnet(
            self,
            f"{tier}-subnet-{number}",
            vpc_id=self.vpc_id,
            availability_zone=zone,
            cidr_block=cidr,
            map_public_ip_on_launch=False,
            tags={"Name": f"{name}-{tier}-subnet-{number}"},
            # When the list of zones changes, a subnet can only move by being replaced.
            lifecycle=cdk.TerraformResourceLifecycle(ignore_changes=["availability_zone"]),
        )
        cdk.aws.route_table_association.RouteTableAssociation(
            self, f"{tier}-association-{number}", subnet_id=subnet.id, route_table_id=table_id
        )
        return str(subnet.id)

    def _nat_gateway(self, number: int, name: str, internet: cdk.TerraformElement) -> str:
        address = cdk.aws.eip.Eip(
            self, f"nat-address-{number}", domain="vpc", tags={"Name": f"{name}-nat-{number}"}, depends_on=[internet]
        )
        gateway = cdk.aws.nat_gateway.NatGateway(
            self,
            f"nat-{number}",
            allocation_id=address.id,
            subnet_id=self.public_subnet_ids[number - 1],
            tags={"Name": f"{name}-nat-{number}"},
            depends_on=[internet],
        )
        return str(gateway.id)


def _subnet_cidrs(
    checks: Checks, cidr: str, zones: int, public: Sequence[str] | None, private: Sequence[str] | None
) -> tuple[list[str], list[str]]:
    vpc = _network(checks, "cidr", cidr)
    if not 16 <= vpc.prefixlen <= 24:
        raise checks.error("cidr", cidr, allowed="between /16 and /24", fix="choose a range such as 10.0.0.0/16")
    blocks = [str(block) for block in vpc.subnets(prefixlen_diff=4)]
    cidr_blocks = (list(public or blocks[:zones]), list(private or blocks[_ZONES_FOR_CIDRS : _ZONES_FOR_CIDRS + zones]))
    checked: list[ipaddress.IPv4Network] = []
    for option, ranges in zip(("public_cidrs", "private_cidrs"), cidr_blocks, strict=True):
        if len(ranges) != zones:
            raise checks.error(option, ranges, allowed=f"{zones} ranges", fix="list one range for each zone")
        for cidr_block in ranges:
            subnet = _network(checks, option, cidr_block)
            if not subnet.subnet_of(vpc):
                raise checks.error(option, cidr_block, allowed=f"inside {cidr}", fix="move it into the VPC's range")
            clash = next((other for other in checked if other.overlaps(subnet)), None)
            if clash:
                raise checks.error(option, cidr_block, allowed=f"outside {clash}", fix="move one of the two")
            checked.append(subnet)
    return cidr_blocks


def _network(checks: Checks, option: str, given: str) -> ipaddress.IPv4Network:
    try:
        return ipaddress.IPv4Network(given)
    except ValueError as error:
        raise checks.error(
            option, given, allowed="an IPv4 network such as 10.0.1.0/24", fix=f"correct it: {error}"
        ) from None
