"""The settings of a deployment.

The defaults are those below and those of the profile. ``environments/<name>.toml`` overrides them, and variables
``ANB_<SETTING>`` override the file. ``stacks/settings/loader.py`` reads both and reports every problem at once.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

import pydantic
from pydantic import Field

from constructs_lib.governance.profiles import PRODUCTION, PROFILES, Profile
from constructs_lib.network.nat import Nat

InstanceType = Literal["t3.micro", "t3.small", "t3.medium", "t2.micro", "t2.small", "t2.medium"]
DatabaseClass = Literal["db.t3.micro", "db.t3.small", "db.t4g.micro", "db.t4g.small"]
LogDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365]
AwsService = Literal["autoscaling", "logs", "secretsmanager", "sqs", "ssm", "ssmmessages"]
"""The services that instances call besides S3. Without NAT, each needs an interface endpoint; the last two only for
Session Manager."""
Origin = Annotated[str, Field(pattern=r"^https?://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[::1\])(:[0-9]{1,5})?$")]
SafeOrigin = Annotated[
    str,
    Field(pattern=r"^(https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?|http://(localhost|127\.0\.0\.1|\[::1\]))(:[0-9]{1,5})?$"),
]
"""HTTPS or loopback: over plain HTTP, an attacker on the path could inject code that calls the API as the user."""


BY_PROFILE = {
    "nat": "nat",
    "multi_az": "multi_az",
    "backup_retention_period": "backup_days",
    "protect_data": "protect",
    "final_snapshot": "final_snapshot",
    "log_retention_days": "log_days",
    "flow_log_days": "flow_log_days",
}
"""The settings whose default comes from the profile, with the profile's name for each."""


class Settings(pydantic.BaseModel):
    """The settings of one deployment. Each field's description is its documentation."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    target: Literal["aws", "embedded"] = Field(
        "aws", description="where to deploy: AWS, or the AWS emulator on this machine"
    )
    profile: Literal["development", "staging", "production"] = Field(
        "production",
        description="level of protection; sets the defaults of nat, multi_az, backup_retention_period, protect_data, "
        "final_snapshot, log_retention_days and flow_log_days",
    )
    environment_name: str = Field(
        "anb-production",
        pattern=r"^[a-z](-?[a-z0-9])*$",
        max_length=28,
        description="prefix of every resource's name; lower case, as RDS and S3 require, and at most 28 characters, "
        "so that <name>-alb fits in 32 and <name>-videos-<account>-<region> in 63",
    )
    aws_region: str = Field("us-east-1", pattern=r"^[a-z]{2}(-[a-z]+)+-\d$", description="AWS region")

    state_backend: Literal["local", "s3"] = Field(
        "local", description="where Terraform stores its state: on this machine, or in S3 with S3 locking"
    )
    state_directory: str = Field(
        "state", min_length=1, description="folder of the local state, relative to the project"
    )
    state_bucket: str = Field("", description="bucket of the S3 state; must already exist")

    release_directory: str = Field(
        "",
        description="folder of the release that ./anb release built, relative to the project; empty for its default "
        "folder, or, on the emulator, for the source code without packages",
    )

    vpc_cidr: str = Field("10.0.0.0/16", description="CIDR range of the VPC")
    public_subnet_1_cidr: str = Field("10.0.1.0/24", description="CIDR range of the public subnet in the first zone")
    public_subnet_2_cidr: str = Field("10.0.2.0/24", description="CIDR range of the public subnet in the second zone")
    private_subnet_1_cidr: str = Field("10.0.11.0/24", description="CIDR range of the private subnet in the first zone")
    private_subnet_2_cidr: str = Field(
        "10.0.12.0/24", description="CIDR range of the private subnet in the second zone"
    )
    nat: Nat = Field(
        "per_zone",
        description="how instances reach AWS's APIs: through one NAT gateway, one per zone, or none and "
        "interface_endpoints for every service they call",
    )
    interface_endpoints: list[AwsService] = Field(
        [], description="services reached through a VPC endpoint instead of NAT"
    )
    flow_log_days: LogDays = Field(365, description="retention of the VPC's flow logs, in days")

    ami_id: str = Field(
        "/aws/service/debian/release/13/latest/amd64",
        pattern=r"^(ami-[0-9a-f]{8,17}|/[\w/.-]+)$",
        description="image of the instances: a Debian 13 AMI, or the SSM parameter of the latest one, resolved by each "
        "deployment",
    )
    existing_instance_profile: str = Field(
        "",
        description="existing instance profile, for accounts that cannot create roles (AWS Academy: "
        "LabInstanceProfile); needs existing_function_role; the VPC then has no flow logs, which need a role",
    )
    existing_function_role: str = Field(
        "",
        pattern=r"^$|^(arn:aws:iam::\d{12}:role/)?[\w+=,.@/-]+$",
        max_length=2048,
        description="name or ARN of an existing role for the Lambda functions that start rollouts, for accounts that "
        "cannot create roles (AWS Academy: LabRole); needs existing_instance_profile",
    )

    session_manager_agent: str = Field(
        "",
        pattern=r"^$|^\d+(\.\d+){3}:[0-9a-f]{64}$",
        description="version and SHA-256 of the package of Session Manager's agent, such as 3.3.987.0: and 64 "
        "digits; empty for instances on which no shell can be opened",
    )

    db_instance_class: DatabaseClass = Field(
        "db.t3.micro", description="instance class of the database; AWS's free plan allows micro only"
    )
    db_max_connections: int = Field(
        120, ge=20, le=5000, description="PostgreSQL's max_connections; the RDS default for the smallest class is 112"
    )
    db_name: str = Field(
        "proyecto_1", pattern=r"^[a-zA-Z][a-zA-Z0-9_]*$", max_length=63, description="name of the database"
    )
    db_username: str = Field(
        "postgres", pattern=r"^[a-zA-Z][a-zA-Z0-9_]*$", max_length=63, description="master user of the database"
    )
    allocated_storage: int = Field(20, ge=20, le=100, description="storage of the database, in GiB")
    backup_retention_period: int = Field(
        PRODUCTION.backup_days,
        ge=0,
        le=35,
        description="retention of the database's backups, in days; AWS's free plan allows 1",
    )
    multi_az: bool = Field(PRODUCTION.multi_az, description="run a standby database in another zone")
    protect_data: bool = Field(
        PRODUCTION.protect,
        description="protect the database, the load balancer and a bucket that holds videos from destruction; to "
        "destroy them, set it to false and deploy first",
    )
    final_snapshot: bool = Field(
        PRODUCTION.final_snapshot,
        description="keep a final snapshot of a destroyed database, and its automated backups until they expire",
    )

    video_storage_bucket_name: str = Field(
        "",
        pattern=r"^$|^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$",
        description="name of the video bucket; empty for <environment_name>-videos-<account>-<region>",
    )
    originals_days: int = Field(
        0, ge=0, le=3650, description="days after which uploaded originals are deleted; 0 keeps them"
    )
    portal_origins: list[Origin] = Field(
        [],
        description="additional web origins whose pages may upload, such as https://anb.example; must "
        "list the site's own origin when certificate_arn is set without domain_name",
    )

    message_retention_period: int = Field(
        345600, ge=60, le=1209600, description="retention of a message in the queue, in seconds"
    )
    max_receive_count: int = Field(
        5,
        ge=1,
        le=1000,
        description="receives before a message moves to the dead-letter queue; a receive that a stopping worker "
        "returns counts too",
    )

    api_instance_type: InstanceType = Field("t3.small", description="instance type of the portal")
    api_min_size: int = Field(1, ge=1, le=10, description="minimum number of portal instances")
    api_max_size: int = Field(3, ge=1, le=10, description="maximum number of portal instances")
    api_desired_capacity: int = Field(1, ge=1, le=10, description="initial number of portal instances")
    cpu_target_value: int = Field(70, ge=40, le=90, description="target of the portal's average CPU, in percent")
    certificate_arn: str = Field(
        "",
        pattern=r"^$|^arn:aws:acm:[\w-]+:\d{12}:certificate/[\w-]+$",
        description="ARN of the site's ACM certificate",
    )
    domain_name: str = Field(
        "",
        pattern=r"^$|^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$",
        max_length=64,
        description="domain name of the site, such as anb.example; gets a DNS record for the load balancer, and a "
        "certificate unless certificate_arn is set",
    )
    hosted_zone_id: str = Field(
        "", pattern=r"^$|^Z[A-Z0-9]+$", max_length=32, description="id of the Route 53 zone that holds domain_name"
    )
    access_log_days: int = Field(90, ge=1, le=3650, description="retention of the load balancer's access logs, in days")
    waf_requests_per_5_minutes: int = Field(
        0,
        ge=0,
        le=2_000_000_000,
        description="requests that one address may make in five minutes before the web application firewall blocks it; "
        "the firewall also blocks known attacks; at least 10, or 0 for no firewall",
    )
    cors_origins: list[SafeOrigin] = Field(
        [],
        description="origins of other sites whose pages may call the API with its session cookie, such as "
        "https://front.example; none by default",
    )
    token_seconds: int = Field(3600, ge=60, le=86400, description="lifetime of a login token, in seconds")
    revoke_bearer_on_logout: bool = Field(
        False,
        description="revoke a bearer token when its owner logs out; clients of the first version keep using it",
    )
    max_upload_mib: int = Field(100, ge=1, le=5120, description="maximum size of a video, in MiB")

    worker_instance_type: InstanceType = Field("t3.small", description="instance type of the workers")
    worker_min_size: int = Field(1, ge=0, le=3, description="minimum number of worker instances")
    worker_max_size: int = Field(3, ge=1, le=10, description="maximum number of worker instances")
    worker_desired_capacity: int = Field(1, ge=0, le=10, description="initial number of worker instances")
    worker_concurrency: int = Field(
        1, ge=1, le=12, description="videos that one instance processes in parallel; one ffmpeg keeps two CPUs busy"
    )
    worker_seconds_per_video: int = Field(
        25, ge=1, le=43200, description="typical seconds to process a video while worker_concurrency run in parallel"
    )
    worker_acceptable_wait: int = Field(
        250,
        ge=1,
        le=86400,
        description="maximum acceptable seconds before processing of a video starts; decides how many workers run",
    )
    max_job_seconds: int = Field(600, ge=10, le=43200, description="time limit for processing a video, in seconds")
    max_clip_seconds: int = Field(30, ge=1, le=300, description="seconds of the player's clip to keep")
    enforce_clip_rules: bool = Field(
        False, description="accept only clips of 20 to 60 seconds in 1080p or better, as the contest rules require"
    )

    alarm_email: str = Field(
        "",
        pattern=r"^$|^[^@\s]+@[^@\s]+\.[^@\s]+$",
        description="email address that receives alarms; AWS asks it to confirm",
    )
    log_retention_days: LogDays = Field(365, description="retention of the services' logs, in days")

    @pydantic.model_validator(mode="before")
    @classmethod
    def _from_profile(cls, given: dict[str, Any]) -> dict[str, Any]:
        profile = PROFILES.get(given.get("profile", PRODUCTION.name), PRODUCTION)
        return {**{setting: getattr(profile, choice) for setting, choice in BY_PROFILE.items()}, **given}

    @property
    def effective_profile(self) -> Profile:
        """The profile with the values that other settings override."""
        profile = PROFILES[self.profile]
        overridden = {
            choice: setting
            for setting, choice in BY_PROFILE.items()
            if getattr(self, setting) != getattr(profile, choice)
        }
        reasons = {choice: f"the setting {setting} says so" for choice, setting in overridden.items()}
        values: dict[str, Any] = {choice: getattr(self, setting) for choice, setting in overridden.items()}
        return dataclasses.replace(profile, **values, reasons={**profile.reasons, **reasons})

    @property
    def embedded(self) -> bool:
        """Whether the target is the AWS emulator on this machine."""
        return self.target == "embedded"

    @property
    def called_services(self) -> tuple[str, ...]:
        """The services that the instances call besides S3."""
        services: tuple[str, ...] = get_args(AwsService)
        return services if self.session_manager_agent else tuple(name for name in services if name[:3] != "ssm")

    @property
    def https(self) -> bool:
        """Whether the site has a certificate."""
        return bool(self.certificate_arn or self.domain_name)

    @property
    def public_hosts(self) -> tuple[str, ...]:
        """The host names of the portal; empty without a domain."""
        if not self.domain_name:
            return ()
        upload_hosts = [urlsplit(origin).hostname or "" for origin in self.portal_origins]
        return tuple(dict.fromkeys([self.domain_name, *upload_hosts]))

    @property
    def public_cidrs(self) -> tuple[str, str]:
        """CIDR ranges of the public subnets, by zone."""
        return self.public_subnet_1_cidr, self.public_subnet_2_cidr

    @property
    def private_cidrs(self) -> tuple[str, str]:
        """CIDR ranges of the private subnets, by zone."""
        return self.private_subnet_1_cidr, self.private_subnet_2_cidr


REMOVED_SETTINGS = {
    "key_pair_name": "instances have no SSH; set session_manager_agent and connect with Session Manager",
    "db_password": "RDS generates and rotates the password in Secrets Manager",
    "jwt_secret": "the deployment generates the secret in Secrets Manager",
    "deployment_package_s3_key": "the deployment uploads releases, named by their content",
    "create_s3_bucket": "the deployment always creates the bucket; protect_data protects its videos from destruction",
    "visibility_timeout": "derived from max_job_seconds: at most two minutes, which the workers renew",
    "target_queue_depth": "set worker_seconds_per_video and worker_acceptable_wait, from which the workers scale",
}
"""Settings of the first version that were removed, and what replaces them."""
