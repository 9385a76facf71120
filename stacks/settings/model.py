"""Every choice an operator has, checked once.

A deployment's settings are the defaults below and those of its profile, overridden by ``environments/<name>.toml``,
overridden by variables ``ANB_<SETTING>``. ``stacks/settings/loader.py`` reads them and reports everything that is wrong
at once.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import pydantic
from pydantic import Field

from constructs_lib.governance.profiles import PRODUCTION, PROFILES, Profile
from constructs_lib.network.nat import Nat

InstanceType = Literal["t3.micro", "t3.small", "t3.medium", "t2.micro", "t2.small", "t2.medium"]
DatabaseClass = Literal["db.t3.micro", "db.t3.small", "db.t4g.micro", "db.t4g.small"]
LogDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365]
AwsService = Literal["autoscaling", "logs", "secretsmanager", "sqs", "ssm", "ssmmessages"]
"""What the instances call besides S3: without NAT, each needs its interface endpoint."""
Origin = Annotated[str, Field(pattern=r"^https?://[^/\s*]+$")]
SafeOrigin = Annotated[
    str,
    Field(pattern=r"^(https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?|http://(localhost|127\.0\.0\.1|\[::1\]))(:[0-9]{1,5})?$"),
]
"""HTTPS, or this machine: whoever can change a page on its way may otherwise call the API in its reader's name."""


BY_PROFILE = {
    "nat": "nat",
    "multi_az": "multi_az",
    "backup_retention_period": "backup_days",
    "protect_data": "protect",
    "log_retention_days": "log_days",
    "flow_log_days": "flow_log_days",
}
"""The settings whose defaults are the profile's, and what the profile calls them."""


class Settings(pydantic.BaseModel):
    """The settings of one deployment. Each field's description is its documentation."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    target: Literal["aws", "embedded"] = Field(
        "aws", description="where it is deployed: AWS, or the AWS emulator on this machine"
    )
    profile: Literal["development", "staging", "production"] = Field(
        "production",
        description="what the environment spends on safety: the defaults of nat, multi_az, backup_retention_period, "
        "protect_data, log_retention_days and flow_log_days",
    )
    environment_name: str = Field(
        "anb-production",
        pattern=r"^[a-z](-?[a-z0-9])*$",
        max_length=28,
        description="prefix of every resource's name; lower case, because RDS and S3 take no other, and at most 28 "
        "characters, so that <name>-alb fits in 32 and <name>-videos-<account>-<region> in 63",
    )
    aws_region: str = Field("us-east-1", pattern=r"^[a-z]{2}(-[a-z]+)+-\d$", description="the AWS region")

    state_backend: Literal["local", "s3"] = Field(
        "local", description="where Terraform keeps its state: on this machine, or in S3 with S3's own locking"
    )
    state_directory: str = Field(
        "state", min_length=1, description="folder of the local state, seen from the project's folder"
    )
    state_bucket: str = Field("", description="bucket of the S3 state, made beforehand")

    release_directory: str = Field(
        "",
        description="folder of the release that ./anb release built, seen from the project's folder; empty for the one "
        "it builds by itself, and on the emulator, whose instances are only pretended, for the sources alone",
    )

    vpc_cidr: str = Field("10.0.0.0/16", description="range of the VPC")
    public_subnet_1_cidr: str = Field("10.0.1.0/24", description="public subnet of the first zone")
    public_subnet_2_cidr: str = Field("10.0.2.0/24", description="public subnet of the second zone")
    private_subnet_1_cidr: str = Field("10.0.11.0/24", description="private subnet of the first zone")
    private_subnet_2_cidr: str = Field("10.0.12.0/24", description="private subnet of the second zone")
    nat: Nat = Field(
        "per_zone",
        description="how instances reach AWS's APIs: one NAT gateway, one in each zone, or none and "
        "interface_endpoints for all they call",
    )
    interface_endpoints: list[AwsService] = Field(
        [], description="services reached through an endpoint of the VPC and not through NAT"
    )
    flow_log_days: LogDays = Field(365, description="days the VPC's flow logs are kept")

    ami_id: str = Field(
        "/aws/service/debian/release/13/latest/amd64",
        pattern=r"^(ami-[0-9a-f]{8,17}|/[\w/.-]+)$",
        description="image of the instances: an AMI of Debian 13, or the parameter that names the newest, "
        "looked up by each deployment",
    )
    existing_instance_profile: str = Field(
        "",
        description="instance profile to use where roles can't be made (AWS Academy: LabInstanceProfile); the VPC has "
        "no flow logs then, which would need one",
    )

    db_instance_class: DatabaseClass = Field("db.t3.micro", description="size of the database")
    db_max_connections: int = Field(
        120, ge=20, le=5000, description="PostgreSQL's max_connections; RDS's own choice for the smallest size is 112"
    )
    db_name: str = Field(
        "proyecto_1", pattern=r"^[a-zA-Z][a-zA-Z0-9_]*$", max_length=63, description="name of the database"
    )
    db_username: str = Field(
        "postgres", pattern=r"^[a-zA-Z][a-zA-Z0-9_]*$", max_length=63, description="master user of the database"
    )
    allocated_storage: int = Field(20, ge=20, le=100, description="size of the database's disk, in GiB")
    backup_retention_period: int = Field(
        PRODUCTION.backup_days, ge=0, le=35, description="days the database's backups are kept"
    )
    multi_az: bool = Field(PRODUCTION.multi_az, description="whether a standby of the database waits in another zone")
    protect_data: bool = Field(
        PRODUCTION.protect,
        description="refuse to destroy the database, the load balancer and a bucket that holds videos, and leave a "
        "last snapshot; set it to false and deploy before destroying for good",
    )

    video_storage_bucket_name: str = Field(
        "",
        pattern=r"^$|^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$",
        description="bucket of the videos; empty for <environment_name>-videos-<account>-<region>",
    )
    originals_days: int = Field(
        0, ge=0, le=3650, description="days after which the uploaded originals are deleted; 0 keeps them"
    )
    portal_origins: list[Origin] = Field(
        [], description="further web origins whose pages may upload, such as https://anb.example"
    )

    message_retention_period: int = Field(345600, ge=60, le=1209600, description="seconds a message may wait")
    max_receive_count: int = Field(
        5,
        ge=1,
        le=1000,
        description="how often a message is received before it is dead; one that a stopped worker gave back counts too",
    )

    api_instance_type: InstanceType = Field("t3.small", description="size of the portal's instances")
    api_min_size: int = Field(1, ge=1, le=10, description="fewest portal instances")
    api_max_size: int = Field(3, ge=1, le=10, description="most portal instances")
    api_desired_capacity: int = Field(1, ge=1, le=10, description="portal instances at first")
    cpu_target_value: int = Field(70, ge=40, le=90, description="average CPU the portal is kept at, in percent")
    certificate_arn: str = Field(
        "",
        pattern=r"^$|^arn:aws[\w-]*:acm:[\w-]+:\d{12}:certificate/[\w-]+$",
        description="ACM certificate of the site",
    )
    domain_name: str = Field(
        "",
        pattern=r"^$|^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$",
        max_length=64,
        description="name of the site, such as anb.example; it is pointed at the load balancer, and a certificate is "
        "made for it unless certificate_arn names one",
    )
    hosted_zone_id: str = Field(
        "", pattern=r"^$|^Z[A-Z0-9]+$", max_length=32, description="Route 53 zone that holds domain_name"
    )
    access_log_days: int = Field(90, ge=1, le=3650, description="days the load balancer's access logs are kept")
    waf_requests_per_5_minutes: int = Field(
        0,
        ge=0,
        le=2_000_000_000,
        description="how many requests one address may make in five minutes before a web application firewall, which "
        "also refuses known attacks, stops it; at least 10, or 0 for no firewall",
    )
    cors_origins: list[SafeOrigin] = Field(
        [],
        description="origins of other sites whose pages may call the API and carry its session, such as "
        "https://front.example; none by default",
    )
    token_seconds: int = Field(3600, ge=60, le=86400, description="lifetime of a sign-in token, in seconds")
    revoke_bearer_on_logout: bool = Field(
        False,
        description="whether a bearer token ends when its owner signs out; clients of the first version go on using it",
    )
    max_upload_mib: int = Field(100, ge=1, le=5120, description="largest video accepted, in MiB")

    worker_instance_type: InstanceType = Field("t3.small", description="size of the workers' instances")
    worker_min_size: int = Field(1, ge=0, le=3, description="fewest worker instances")
    worker_max_size: int = Field(3, ge=1, le=10, description="most worker instances")
    worker_desired_capacity: int = Field(1, ge=0, le=10, description="worker instances at first")
    worker_concurrency: int = Field(
        1, ge=1, le=12, description="videos one instance works at side by side; one ffmpeg keeps two CPUs busy"
    )
    worker_seconds_per_video: int = Field(
        25, ge=1, le=43200, description="seconds one video usually takes while worker_concurrency are under way"
    )
    worker_acceptable_wait: int = Field(
        250, ge=1, le=86400, description="seconds a video may wait before it is begun; decides how many workers run"
    )
    max_job_seconds: int = Field(600, ge=10, le=43200, description="seconds after which a video is given up")
    max_clip_seconds: int = Field(30, ge=1, le=300, description="seconds of the player's clip that are kept")
    enforce_clip_rules: bool = Field(
        False, description="whether only clips of 20 to 60 seconds in 1080p or better are accepted, as the contest asks"
    )

    alarm_email: str = Field(
        "", pattern=r"^$|^[^@\s]+@[^@\s]+\.[^@\s]+$", description="who is told of alarms; AWS asks them to confirm"
    )
    log_retention_days: LogDays = Field(365, description="days the logs are kept")

    @pydantic.model_validator(mode="before")
    @classmethod
    def _from_profile(cls, given: dict[str, Any]) -> dict[str, Any]:
        profile = PROFILES.get(given.get("profile", PRODUCTION.name), PRODUCTION)
        return {**{setting: getattr(profile, choice) for setting, choice in BY_PROFILE.items()}, **given}

    @property
    def choices(self) -> Profile:
        """The profile with what other settings changed of it."""
        profile = PROFILES[self.profile]
        changed = {
            choice: setting
            for setting, choice in BY_PROFILE.items()
            if getattr(self, setting) != getattr(profile, choice)
        }
        reasons = {choice: f"the setting {setting} says so" for choice, setting in changed.items()}
        values: dict[str, Any] = {choice: getattr(self, setting) for choice, setting in changed.items()}
        return dataclasses.replace(profile, **values, reasons={**profile.reasons, **reasons})

    @property
    def embedded(self) -> bool:
        """Whether it is deployed to the AWS emulator on this machine."""
        return self.target == "embedded"

    @property
    def https(self) -> bool:
        """Whether the site has a certificate."""
        return bool(self.certificate_arn or self.domain_name)

    @property
    def upload_origins(self) -> list[str]:
        """The web origins whose pages may upload."""
        return [*([f"https://{self.domain_name}"] if self.domain_name else []), *self.portal_origins]

    @property
    def public_hosts(self) -> tuple[str, ...]:
        """The names that browsers reach the portal by; none where the site has no name of its own."""
        if not self.domain_name:
            return ()
        others = [urlsplit(origin).hostname or "" for origin in self.portal_origins]
        return tuple(dict.fromkeys([self.domain_name, *others]))

    @property
    def public_cidrs(self) -> tuple[str, str]:
        """The ranges of the public subnets, by zone."""
        return self.public_subnet_1_cidr, self.public_subnet_2_cidr

    @property
    def private_cidrs(self) -> tuple[str, str]:
        """The ranges of the private subnets, by zone."""
        return self.private_subnet_1_cidr, self.private_subnet_2_cidr


REMOVED_SETTINGS = {
    "key_pair_name": "there is no SSH; connect with Session Manager (aws ssm start-session)",
    "db_password": "RDS makes, keeps and rotates the password in Secrets Manager",
    "jwt_secret": "a secret is generated in Secrets Manager when the portal is deployed",
    "deployment_package_s3_key": "releases are named by their content and uploaded by the deployment",
    "create_s3_bucket": "the bucket is always made here; protect_data decides whether destroying deletes the videos",
    "visibility_timeout": "it follows from max_job_seconds: two minutes at most, which the workers renew",
    "target_queue_depth": "set worker_seconds_per_video and worker_acceptable_wait; the workers scale on the wait",
}
"""Inputs of the first version that are gone, and what took their place."""
