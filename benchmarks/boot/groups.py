"""Auto Scaling groups and their launch templates, read from the API of the AWS emulator."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from constructs_lib.compute.user_data import read_environment
from emulator import aws
from services.environment import PortalEnvironment, ServiceEnvironment, WorkerEnvironment

PORTAL, WORKER = "portal", "worker"
_SERVICES: dict[str, type[ServiceEnvironment]] = {PORTAL: PortalEnvironment, WORKER: WorkerEnvironment}


@dataclass(frozen=True, kw_only=True)
class LaunchGroup:
    """An Auto Scaling group and a version of its launch template.

    Args:
        name: name of the group.
        service: PORTAL or WORKER.
        unit: name of the service's systemd unit.
        template_id: id of the launch template.
        version: number of its version.
        user_data: decoded user data.
        role: name of the IAM role.
        instance_type: EC2 instance type.
        image_id: id of the AMI.
        hooks: names of the lifecycle hooks.
        instance_ids: ids of the launched instances.
    """

    name: str
    service: str
    unit: str
    template_id: str
    version: str
    user_data: str
    role: str
    instance_type: str
    image_id: str
    hooks: tuple[str, ...]
    instance_ids: tuple[str, ...]

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables of the service."""
        return read_environment(self.user_data)


def read_groups(aws_port: int, *, version: str = "$Latest") -> dict[str, LaunchGroup]:
    """Return the groups of portal and worker, by service.

    Args:
        aws_port: port of the AWS emulator.
        version: version of the launch templates; groups without this version are left out.
    """
    scaling, ec2, iam = (aws.client(service, aws_port) for service in ("autoscaling", "ec2", "iam"))
    groups = {}
    for described in scaling.describe_auto_scaling_groups()["AutoScalingGroups"]:
        found = _template(ec2, described["LaunchTemplate"]["LaunchTemplateId"], version)
        if found is None:
            continue
        template = found["LaunchTemplateData"]
        user_data = base64.b64decode(template["UserData"]).decode()
        profile = iam.get_instance_profile(InstanceProfileName=template["IamInstanceProfile"]["Name"])
        hooks = scaling.describe_lifecycle_hooks(AutoScalingGroupName=described["AutoScalingGroupName"])
        group = LaunchGroup(
            name=described["AutoScalingGroupName"],
            service=_service(read_environment(user_data)),
            unit=_unit(user_data),
            template_id=described["LaunchTemplate"]["LaunchTemplateId"],
            version=str(found["VersionNumber"]),
            user_data=user_data,
            role=profile["InstanceProfile"]["Roles"][0]["RoleName"],
            instance_type=template["InstanceType"],
            image_id=template["ImageId"],
            hooks=tuple(hook["LifecycleHookName"] for hook in hooks["LifecycleHooks"]),
            instance_ids=tuple(instance["InstanceId"] for instance in described["Instances"]),
        )
        groups[group.service] = group
    return groups


def _template(ec2: Any, template_id: str, version: str) -> dict[str, Any] | None:
    try:
        found = ec2.describe_launch_template_versions(LaunchTemplateId=template_id, Versions=[version])
    except ClientError:
        return None
    versions: list[dict[str, Any]] = found["LaunchTemplateVersions"]
    return versions[0] if versions else None


def _unit(user_data: str) -> str:
    (name,) = re.findall(r"^cat >/etc/systemd/system/(.+)-failed\.service ", user_data, re.MULTILINE)
    return f"{name}.service"


def _service(variables: dict[str, str]) -> str:
    return next(name for name, kind in _SERVICES.items() if set(kind.variable_names()) <= set(variables))
