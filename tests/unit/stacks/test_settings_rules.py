"""Rules between settings: each violation names the setting to change."""

from __future__ import annotations

import pathlib

import pytest
from test_settings import load_problems

AGENT = f'session_manager_agent = "3.3.987.0:{"0" * 64}"'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "api_desired_capacity = 9",
            (
                "api_desired_capacity in production.toml is 9; must be between api_min_size (1) and api_max_size (3). "
                "Fix: set api_desired_capacity to 3."
            ),
        ),
        (
            "worker_min_size = 3\nworker_max_size = 2\nworker_desired_capacity = 2",
            (
                "worker_min_size in production.toml is 3; must be at most worker_max_size (2). Fix: lower "
                "worker_min_size or raise worker_max_size."
            ),
        ),
        (
            'vpc_cidr = "10.0.0.0/33"',
            (
                "vpc_cidr in production.toml is '10.0.0.0/33'; must be an IPv4 network such as 10.0.1.0/24. Fix: "
                "correct it: '33' is not a valid netmask."
            ),
        ),
        (
            'vpc_cidr = "10.0.0.0/12"',
            "vpc_cidr in production.toml is '10.0.0.0/12'; must be between /16 and /24. Fix: choose another size.",
        ),
        (
            'private_subnet_2_cidr = "10.9.12.0/24"',
            (
                "private_subnet_2_cidr in production.toml is '10.9.12.0/24'; must be inside vpc_cidr (10.0.0.0/16). "
                "Fix: move it or widen vpc_cidr."
            ),
        ),
        (
            'private_subnet_1_cidr = "10.0.2.0/25"',
            (
                "private_subnet_1_cidr in production.toml is '10.0.2.0/25'; must be a range that does not overlap "
                "public_subnet_2_cidr (10.0.2.0/24). Fix: move one of them."
            ),
        ),
        (
            'existing_instance_profile = "LabInstanceProfile"',
            (
                "existing_function_role (default) is ''; must be a role that Lambda may assume when "
                "existing_instance_profile is set. Fix: name one, such as LabRole in AWS Academy labs."
            ),
        ),
        (
            'existing_function_role = "LabRole"',
            (
                "existing_instance_profile (default) is ''; must be an instance profile when existing_function_role "
                "is set. Fix: name one, or remove existing_function_role."
            ),
        ),
        (
            'nat = "none"\ninterface_endpoints = ["sqs", "logs"]',
            (
                "interface_endpoints in production.toml is ['sqs', 'logs']; must be the list of all of autoscaling, "
                "logs, secretsmanager, sqs when nat is none. Fix: add autoscaling, secretsmanager, or set nat to "
                "single."
            ),
        ),
        (
            'nat = "none"\ninterface_endpoints = ["sqs", "logs", "ssm"]\n' + AGENT,
            (
                "interface_endpoints in production.toml is ['sqs', 'logs', 'ssm']; must be the list of all of "
                "autoscaling, logs, secretsmanager, sqs, ssm, ssmmessages when nat is none. Fix: add autoscaling, "
                "secretsmanager, ssmmessages, or set nat to single."
            ),
        ),
        (
            'environment_name = "internal"',
            (
                "environment_name in production.toml is 'internal'; must be a prefix of names that AWS accepts, and "
                "internal-alb is not one. Fix: choose another, such as anb-production."
            ),
        ),
        (
            'environment_name = "sg"',
            (
                "environment_name in production.toml is 'sg'; must be a prefix of names that AWS accepts, and "
                "sg-alb-sg is not one. Fix: choose another, such as anb-production."
            ),
        ),
        (
            'environment_name = "sthree"',
            (
                "environment_name in production.toml is 'sthree'; must be a prefix of names that AWS accepts, and "
                "sthree-videos-1 is not one. Fix: choose another, such as anb-production."
            ),
        ),
        (
            'video_storage_bucket_name = "videos-s3alias"',
            (
                "video_storage_bucket_name in production.toml is 'videos-s3alias'; must be a name that does not end "
                "in -s3alias. Fix: choose another name."
            ),
        ),
        (
            'db_name = "db"',
            (
                "db_name in production.toml is 'db'; must be a name that neither PostgreSQL nor RDS reserves. "
                "Fix: choose another name."
            ),
        ),
        (
            'db_username = "admin"',
            (
                "db_username in production.toml is 'admin'; must be a name that neither PostgreSQL nor RDS reserves. "
                "Fix: choose another name."
            ),
        ),
        (
            'aws_region = "us-gov-west-1"',
            (
                "aws_region in production.toml is 'us-gov-west-1'; must be a region of the partition aws, such as "
                "us-east-1. Fix: choose another; China, GovCloud and the other partitions have other ARNs, endpoints "
                "and images, which are not supported."
            ),
        ),
        (
            'aws_region = "mx-central-1"\napi_instance_type = "t2.small"',
            (
                "api_instance_type in production.toml is 't2.small'; must be a type that AWS offers in mx-central-1: "
                "t3.micro, t3.small, t3.medium. Fix: choose one of them, or another region."
            ),
        ),
        (
            'aws_region = "ca-west-1"\ndb_instance_class = "db.t4g.small"',
            (
                "db_instance_class in production.toml is 'db.t4g.small'; must be a type that AWS offers in "
                "ca-west-1: db.t3.micro, db.t3.small. Fix: choose one of them, or another region."
            ),
        ),
        (
            'ami_id = "/aws/service/debian/release/13/latest/arm64"',
            (
                "ami_id in production.toml is '/aws/service/debian/release/13/latest/arm64'; must be an image for "
                "amd64, as api_instance_type is t3.small. Fix: use the parameter that ends in amd64."
            ),
        ),
        (
            'domain_name = "anb.example"',
            (
                "hosted_zone_id (default) is ''; must be the id of a Route 53 zone when domain_name is set. Fix: set "
                "it to the zone that holds domain_name."
            ),
        ),
        (
            'hosted_zone_id = "Z0123456789"',
            (
                "domain_name (default) is ''; must be a name in the zone hosted_zone_id. Fix: set the site's name, or "
                "remove hosted_zone_id."
            ),
        ),
        (
            'certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/abc"',
            (
                "portal_origins (default) is []; must be the site's origin, such as https://anb.example, when "
                "certificate_arn is set without domain_name. Fix: list the origin whose name points to the load "
                "balancer, or set domain_name and hosted_zone_id."
            ),
        ),
        (
            "waf_requests_per_5_minutes = 9",
            (
                "waf_requests_per_5_minutes in production.toml is 9; must be 0 or a whole number from 10. Fix: set it "
                "to 2000, or to 0 for no firewall."
            ),
        ),
        (
            'state_backend = "s3"',
            (
                "state_bucket (default) is ''; must be the name of an existing bucket when state_backend is s3. Fix: "
                "name a bucket, or set state_backend to local."
            ),
        ),
        (
            'target = "embedded"',
            (
                "ami_id (default) is '/aws/service/debian/release/13/latest/amd64'; must be an id such as "
                "ami-12345678 when target is embedded. Fix: copy the id from environments/local.toml."
            ),
        ),
        (
            "worker_seconds_per_video = 700\nworker_acceptable_wait = 700",
            (
                "worker_seconds_per_video in production.toml is 700; must be between 0.1 and 600. Fix: use at most "
                "max_job_seconds."
            ),
        ),
        (
            "worker_acceptable_wait = 20",
            (
                "worker_acceptable_wait in production.toml is 20; must be between 25 s and 344700 s. Fix: allow at "
                "least one video (worker_seconds_per_video / worker_concurrency), and less than "
                "message_retention_period."
            ),
        ),
        (
            "max_job_seconds = 43200",
            (
                "max_job_seconds in production.toml is 43200; must be between 1 s and 43080 s. Fix: lower it, as SQS "
                "hides a message for at most 12 hours."
            ),
        ),
        (
            "max_receive_count = 1000\nmax_job_seconds = 43000",
            (
                "max_receive_count in production.toml is 1000; must be between 1 and 26. Fix: lower "
                "it, or lower max_job_seconds."
            ),
        ),
        (
            "message_retention_period = 3000",
            (
                "message_retention_period in production.toml is 3000; must be between 3600 s and 1123200 s. Fix: leave "
                "time for every attempt (max_receive_count x (max_job_seconds + visibility timeout)) and one of SQS's "
                "14 days for the dead-letter queue."
            ),
        ),
    ],
)
def test_rules_between_settings(tmp_path: pathlib.Path, text: str, message: str) -> None:
    assert load_problems(tmp_path, text) == [message]
