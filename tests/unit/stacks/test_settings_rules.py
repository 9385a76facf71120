"""Rules that hold between settings: each broken one is named with what to change."""

from __future__ import annotations

import pathlib

import pytest
from test_settings import problems


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "api_desired_capacity = 9",
            (
                "api_desired_capacity in production.toml is 9; allowed are values from api_min_size (1) to "
                "api_max_size (3). To mend it: set api_desired_capacity to 3"
            ),
        ),
        (
            "worker_min_size = 3\nworker_max_size = 2\nworker_desired_capacity = 2",
            (
                "worker_min_size in production.toml is 3; allowed are values up to worker_max_size (2). To mend it: "
                "lower worker_min_size or raise worker_max_size"
            ),
        ),
        (
            'vpc_cidr = "10.0.0.0/33"',
            (
                "vpc_cidr in production.toml is '10.0.0.0/33'; allowed are IPv4 networks such as 10.0.1.0/24. To "
                "mend it: '33' is not a valid netmask"
            ),
        ),
        (
            'vpc_cidr = "10.0.0.0/12"',
            (
                "vpc_cidr in production.toml is '10.0.0.0/12'; allowed are sizes from /16 to /24. To mend it: choose "
                "another size"
            ),
        ),
        (
            'private_subnet_2_cidr = "10.9.12.0/24"',
            (
                "private_subnet_2_cidr in production.toml is '10.9.12.0/24'; allowed are ranges inside vpc_cidr "
                "(10.0.0.0/16). To mend it: move it or widen vpc_cidr"
            ),
        ),
        (
            'private_subnet_1_cidr = "10.0.2.0/25"',
            (
                "private_subnet_1_cidr in production.toml is '10.0.2.0/25'; allowed are ranges apart from "
                "public_subnet_2_cidr (10.0.2.0/24). To mend it: move one of them"
            ),
        ),
        (
            'nat = "none"\ninterface_endpoints = ["sqs", "logs", "ssm"]',
            (
                "interface_endpoints in production.toml is ['sqs', 'logs', 'ssm']; allowed is the list of all of "
                "autoscaling, logs, secretsmanager, sqs, ssm, ssmmessages when nat is none. To mend it: "
                "add autoscaling, secretsmanager, ssmmessages, "
                "or choose nat single"
            ),
        ),
        (
            'domain_name = "anb.example"',
            (
                "hosted_zone_id (its default) is ''; allowed is the id of a Route 53 zone when domain_name is set. To "
                "mend it: name the zone that holds domain_name"
            ),
        ),
        (
            'hosted_zone_id = "Z0123456789"',
            (
                "domain_name (its default) is ''; allowed is a name in the zone of hosted_zone_id. To mend it: name "
                "the site, or leave out hosted_zone_id"
            ),
        ),
        (
            "waf_requests_per_5_minutes = 9",
            (
                "waf_requests_per_5_minutes in production.toml is 9; allowed are 0 and whole numbers from 10. To mend "
                "it: 2000 is a usual choice, 0 leaves the firewall out"
            ),
        ),
        (
            'state_backend = "s3"',
            (
                "state_bucket (its default) is ''; allowed is the name of a bucket that exists. To mend it: name "
                "one, or use state_backend local"
            ),
        ),
        (
            'target = "embedded"',
            (
                "ami_id (its default) is '/aws/service/debian/release/13/latest/amd64'; allowed are "
                "ami-... ids when target is embedded. To mend it: use the one of environments/local.toml"
            ),
        ),
        (
            "worker_seconds_per_video = 700\nworker_acceptable_wait = 700",
            (
                "worker_seconds_per_video in production.toml is 700; allowed are 0.1 to 600. To mend it: "
                "A usual job takes no longer than the longest one: the queue's max_job_seconds is 600 s"
            ),
        ),
        (
            "worker_acceptable_wait = 20",
            (
                "worker_acceptable_wait in production.toml is 20; allowed are 25 s to 344700 s. To mend it: It is at "
                "least one job's turn (worker_seconds_per_video / worker_concurrency), and a message must outlive it"
            ),
        ),
        (
            "max_job_seconds = 43200",
            (
                "max_job_seconds in production.toml is 43200; allowed are 1 s to 43080 s. To mend it: "
                "SQS hides a message for 12 hours at most. Cut the job into shorter ones"
            ),
        ),
        (
            "message_retention_period = 3000",
            (
                "message_retention_period in production.toml is 3000; allowed are 3600 s to 1123200 s. To mend it: "
                "A message must outlive its tries (max_receive_count x (max_job_seconds + visibility)) and leave the "
                "dead-letter queue a day of SQS's 14"
            ),
        ),
    ],
)
def test_rules_between_settings(tmp_path: pathlib.Path, text: str, said: str) -> None:
    assert problems(tmp_path, text) == [said]
