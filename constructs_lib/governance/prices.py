"""AWS list prices: On-Demand in us-east-1, in US dollars, without tax, free tier or discounts.

Copied by hand from AWS's public price pages as of ``AS_OF``. When a price changes, update it and the date. Every table
names its page.
"""

from __future__ import annotations

AS_OF = "2025-01"
"""Year and month of the prices."""

REGION = "us-east-1"

HOURS = 730
"""Hours per month, as in AWS's calculator."""

INSTANCE_HOUR = {
    "t2.micro": 0.0116,
    "t2.small": 0.023,
    "t2.medium": 0.0464,
    "t3.micro": 0.0104,
    "t3.small": 0.0208,
    "t3.medium": 0.0416,
    "t3.large": 0.0832,
    "t4g.micro": 0.0084,
    "t4g.small": 0.0168,
    "t4g.medium": 0.0336,
    "m5.large": 0.096,
    "c5.large": 0.085,
}
"""EC2, Linux: https://aws.amazon.com/ec2/pricing/on-demand/"""

BASELINE_VCPUS = {
    "t3.micro": 0.2,
    "t3.small": 0.4,
    "t3.medium": 0.4,
    "t3.large": 0.6,
    "t4g.micro": 0.2,
    "t4g.small": 0.4,
    "t4g.medium": 0.4,
}
"""Baseline vCPUs in the price of a burstable instance; the unlimited mode, the default, bills more:
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-credits-baseline-concepts.html"""

SURPLUS_VCPU_HOUR = {"t3": 0.05, "t4g": 0.04}
"""One vCPU above the baseline for an hour, by family, Linux: https://aws.amazon.com/ec2/pricing/on-demand/"""

VCPUS = 2
"""vCPUs of every burstable type above and of every burstable database class below."""

DATABASE_SURPLUS_VCPU_HOUR = 0.075
"""One vCPU of a db.t3 or db.t4g above the baseline for an hour; these classes are always unlimited, with the baselines
of the EC2 types. AWS's text, the same in all regions: https://aws.amazon.com/rds/instance-types/,
https://aws.amazon.com/rds/postgresql/pricing/"""

DATABASE_HOUR = {
    "db.t3.micro": 0.018,
    "db.t3.small": 0.036,
    "db.t3.medium": 0.072,
    "db.t4g.micro": 0.016,
    "db.t4g.small": 0.032,
    "db.t4g.medium": 0.065,
}
"""RDS for PostgreSQL in one zone; two zones cost twice as much: https://aws.amazon.com/rds/postgresql/pricing/"""

DATABASE_GIB = 0.115
"""One GiB of RDS gp3 storage in one zone, per month: https://aws.amazon.com/rds/postgresql/pricing/"""

DISK_GIB = 0.08
"""One GiB of EBS gp3, per month: https://aws.amazon.com/ebs/pricing/"""

NAT_GATEWAY_HOUR = 0.045
"""https://aws.amazon.com/vpc/pricing/"""

PUBLIC_ADDRESS_HOUR = 0.005
"""A public IPv4 address, in use or not: https://aws.amazon.com/vpc/pricing/"""

ENDPOINT_HOUR = 0.01
"""An interface endpoint in one zone: https://aws.amazon.com/privatelink/pricing/"""

LOAD_BALANCER_HOUR = 0.0225
"""An Application Load Balancer without its capacity units: https://aws.amazon.com/elasticloadbalancing/pricing/"""

LOAD_BALANCER_UNIT_HOUR = 0.008
"""A capacity unit for an hour: the largest of 25 new connections per second, 3,000 active connections, 1 GB per hour
and 1,000 rule evaluations per second: https://aws.amazon.com/elasticloadbalancing/pricing/"""

CUSTOM_METRIC = 0.30
"""A custom metric, per month, by the hours in which it has data, without the free 10:
https://aws.amazon.com/cloudwatch/pricing/"""

SECRET = 0.40
"""A secret, per month: https://aws.amazon.com/secrets-manager/pricing/"""

KEY = 1.00
"""A customer-managed KMS key, per month, in its first year; each of its first two rotations adds as much: https://aws.amazon.com/kms/pricing/"""

ALARM_METRIC = 0.10
"""A metric of an alarm at standard resolution, per month: https://aws.amazon.com/cloudwatch/pricing/"""

COMPOSITE_ALARM = 0.50
"""A composite alarm, per month: https://aws.amazon.com/cloudwatch/pricing/"""

DASHBOARD = 3.00
"""A dashboard, per month: https://aws.amazon.com/cloudwatch/pricing/"""

DETAILED_MONITORING = 2.10
"""EC2's seven metrics a minute of one instance, per month, at $0.30 each: https://aws.amazon.com/cloudwatch/pricing/"""

WEB_ACL = 5.00
"""A web ACL, per month: https://aws.amazon.com/waf/pricing/"""

WEB_ACL_RULE = 1.00
"""A rule of a web ACL, per month: https://aws.amazon.com/waf/pricing/"""

HOSTED_ZONE = 0.50
"""A hosted zone, per month: https://aws.amazon.com/route53/pricing/"""

OBJECT_GIB = 0.023
"""One GiB of S3 Standard, per month: https://aws.amazon.com/s3/pricing/"""

SNAPSHOT_GIB = 0.095
"""One GiB of RDS backup beyond the database's own size, or of a snapshot, per month: https://aws.amazon.com/rds/postgresql/pricing/"""
