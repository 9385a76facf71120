"""Roll out new launch template versions of an Auto Scaling group, and roll back bad ones.

The provider's ``instance_refresh`` block cannot roll back: it saves the new version on the group before it starts the
refresh. https://github.com/hashicorp/terraform-provider-aws/issues/34189
"""

from __future__ import annotations

import atexit
import base64
import hashlib
import io
import json
import pathlib
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from constructs_lib.compute.service_role import ServiceRole
from constructs_lib.foundation import cdk, policy, stack_context
from constructs_lib.foundation.policy import Statement

REPLACEMENT = {"min_healthy_percentage": 100, "max_healthy_percentage": 150}
"""A new instance is in service before an old one terminates, also when Auto Scaling replaces an unhealthy one.
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-instance-maintenance-policy.html"""

_FUNCTION = pathlib.Path(__file__).with_name("rollout_function.py")
_RUNTIME = "python3.13"
_TIMEOUT = timedelta(minutes=15)
"""Lambda's maximum; a cancelled refresh may wait for instances that are launching."""
_MEMORY_MIB = 256
_LAUNCHED_WITH = (
    "instance",
    "launch-template",
    "network-interface",
    "security-group",
    "subnet",
    "volume",
)
"""Resources of a launch, besides the image and its snapshots.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html"""
_ROLE_PREFIX = 29
"""Characters of a name that leave room for ``-rollout-`` in the prefix of a role's name."""


class Rollout(cdk.Construct):
    """A Lambda function that starts an instance refresh, called by each deployment with a new launch template version.

    Terraform must not change the launch template of the group itself: Auto Scaling saves the new version when the
    refresh succeeds, and rolls back to the saved one when it fails or when an alarm goes off.
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-rollback.html

    The function may refresh this group only, with this launch template only.

    Args:
        name: prefix of the names of the function and its role, at most 37 characters.
        group: the Auto Scaling group.
        group_name: its name.
        launch_template: its launch template.
        instance_role: role of the instances, which a launch passes to them.
        existing_role: name or ARN of a role to use for the function instead of a new one; a note at synth lists what
            it must allow.
        warm_up: time that a new instance gets before the next one is replaced.
        log_days: retention of the function's log, in days.
        after: resources to create before the first call.
    """

    def __init__(
        self,
        scope: cdk.Construct,
        id: str,
        *,
        name: str,
        group: Any,
        group_name: str,
        launch_template: Any,
        instance_role: ServiceRole,
        existing_role: str | None,
        warm_up: timedelta,
        log_days: int,
        after: Sequence[Any] = (),
    ) -> None:
        super().__init__(scope, id)
        self._group_name = group_name
        self._alarms: list[str] = []
        self._preferences = {
            "MinHealthyPercentage": REPLACEMENT["min_healthy_percentage"],
            "MaxHealthyPercentage": REPLACEMENT["max_healthy_percentage"],
            "AutoRollback": True,
            "SkipMatching": True,
            "InstanceWarmup": int(warm_up.total_seconds()),
            # They wait at most an hour, then the refresh fails and is rolled back.
            "ScaleInProtectedInstances": "Wait",
            "StandbyInstances": "Wait",
        }
        function_name = f"{name}-rollout"
        logs = cdk.aws.cloudwatch_log_group.CloudwatchLogGroup(
            self, "logs", name=f"/aws/lambda/{function_name}", retention_in_days=log_days
        )
        statements = self._statements(group_name, launch_template, instance_role, logs)
        role, permissions = self._role(name, existing_role, statements)
        file, sha256 = _pack()
        asset = cdk.TerraformAsset(self, "code", path=str(file), type=cdk.AssetType.FILE, asset_hash=sha256.hex())
        self._function = cdk.aws.lambda_function.LambdaFunction(
            self,
            "function",
            function_name=function_name,
            description="Rolls out new launch template versions of the Auto Scaling group",
            role=role,
            runtime=_RUNTIME,
            handler=f"{_FUNCTION.stem}.handler",
            filename=asset.path,
            source_code_hash=base64.b64encode(sha256).decode(),
            timeout=int(_TIMEOUT.total_seconds()),
            memory_size=_MEMORY_MIB,
            environment={"variables": self._variables()},
            # Otherwise Lambda creates the log group, without a retention.
            depends_on=[logs],
        )
        cdk.aws.lambda_invocation.LambdaInvocation(
            self,
            "invocation",
            function_name=self._function.function_name,
            # The provider calls the function again when this changes, and after a failed call.
            input=json.dumps(
                {
                    "launch_template": launch_template.id,
                    "version": cdk.Token.as_string(launch_template.latest_version),
                }
            ),
            depends_on=[group, *permissions, *after],
        )

    def roll_back_on(self, alarms: Sequence[str]) -> None:
        """Roll back when one of these alarms goes off.

        Args:
            alarms: references to the names of all alarms.
        """
        self._alarms = list(alarms)
        self._function.put_environment(variables=self._variables())

    def _variables(self) -> dict[str, str]:
        options = {"group": self._group_name, "preferences": self._preferences, "alarms": self._alarms}
        return {"ROLLOUT": json.dumps(options, sort_keys=True)}

    def _statements(
        self, group_name: str, launch_template: Any, instance_role: ServiceRole, logs: Any
    ) -> list[Statement]:
        """Permissions of the function.

        Auto Scaling checks that the caller may launch instances from the template, tag them and pass their role:
        https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html
        """
        region = stack_context.region(self)
        group = f"arn:aws:autoscaling:{region}:*:autoScalingGroup:*:autoScalingGroupName/{group_name}"
        launched = [f"arn:aws:ec2:{region}:*:{kind}/*" for kind in ("instance", "volume")]
        return [
            Statement("WriteRolloutLog", ["logs:CreateLogStream", "logs:PutLogEvents"], [f"{logs.arn}:*"]),
            Statement(
                "ReadGroups",
                [
                    "autoscaling:DescribeAutoScalingGroups",
                    "autoscaling:DescribeInstanceRefreshes",
                    # It takes no single composite alarms.
                    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
                    "cloudwatch:DescribeAlarms",
                ],
                ["*"],
            ),
            Statement(
                "RefreshInstances", ["autoscaling:CancelInstanceRefresh", "autoscaling:StartInstanceRefresh"], [group]
            ),
            Statement(
                "LaunchFromTemplate",
                ["ec2:RunInstances"],
                [
                    *(f"arn:aws:ec2:{region}::{kind}/*" for kind in ("image", "snapshot")),
                    *(f"arn:aws:ec2:{region}:*:{kind}/*" for kind in _LAUNCHED_WITH),
                ],
                {"ArnEquals": {"ec2:LaunchTemplate": launch_template.arn}},
            ),
            Statement(
                "TagLaunched", ["ec2:CreateTags"], launched, {"StringEquals": {"ec2:CreateAction": "RunInstances"}}
            ),
            Statement(
                "PassInstanceRole",
                ["iam:PassRole"],
                [instance_role.arn or f"the role of {instance_role.profile_name}"],
                {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
            ),
        ]

    def _role(self, name: str, existing: str | None, statements: Sequence[Statement]) -> tuple[str, list[Any]]:
        """Return the ARN of the function's role, and its policy if it is a new role."""
        if existing is not None:
            for statement in statements:
                actions, resources = ", ".join(sorted(statement.actions)), ", ".join(statement.resources)
                cdk.Annotations.of(self).add_info(f"the role {existing} must allow {actions} on {resources}")
            if existing.startswith("arn:"):
                return existing, []
            where = f"arn:{stack_context.partition(self)}:iam::{stack_context.account(self)}"
            return f"{where}:role/{existing}", []
        role = cdk.aws.iam_role.IamRole(
            self,
            "role",
            name_prefix=f"{name[:_ROLE_PREFIX].rstrip('-')}-rollout-",
            description=f"Rollouts of {name}",
            assume_role_policy=policy.trust("lambda.amazonaws.com"),
            lifecycle=cdk.TerraformResourceLifecycle(create_before_destroy=True),
        )
        document = policy.document([statement.as_dict() for statement in statements])
        permissions = cdk.aws.iam_role_policy.IamRolePolicy(
            self, "policy", name_prefix="granted-", role=role.name, policy=document
        )
        return role.arn, [permissions]


def _pack() -> tuple[pathlib.Path, bytes]:
    """Return a zip file of the function and its SHA-256; both depend only on the function's text."""
    packed = io.BytesIO()
    # Stored, because zlib versions compress the same bytes differently.
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        entry = zipfile.ZipInfo(_FUNCTION.name)
        entry.external_attr, entry.create_system = 0o100644 << 16, 3
        archive.writestr(entry, _FUNCTION.read_bytes())
    workspace = pathlib.Path(tempfile.mkdtemp(prefix="rollout-"))
    atexit.register(shutil.rmtree, workspace, ignore_errors=True)
    file = workspace / "function.zip"
    file.write_bytes(packed.getvalue())
    return file, hashlib.sha256(packed.getvalue()).digest()
