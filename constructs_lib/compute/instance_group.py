"""A group of identical instances in private subnets: the base of web services and queue workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from constructs_lib.compute.instance_options import (
    EC2_ARCHITECTURES,
    USUAL_INSTANCES,
    Capacity,
    InstanceOptions,
    check_architecture,
    check_session_manager,
    resolve_capacity,
)
from constructs_lib.compute.lifecycle import DrainPolicy, Lifecycle
from constructs_lib.compute.lifecycle_timeouts import DEFAULT_STARTUP_TIMEOUT, check_startup_timeout, launch_timeout
from constructs_lib.compute.release import Release
from constructs_lib.compute.rollout import REPLACEMENT, Rollout
from constructs_lib.compute.service_role import ServiceRole
from constructs_lib.compute.user_data import UserData
from constructs_lib.foundation import cdk, names, offers, stack_context
from constructs_lib.foundation.errors import Checks, ConstructError
from constructs_lib.foundation.log_retention import check_retention
from constructs_lib.monitoring.alarm import Alarm, CompositeAlarm
from constructs_lib.network.network import Network
from constructs_lib.network.security_group import SecurityGroup

# https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AlarmSpecification.html
_MAX_ROLLBACK_ALARMS = 10

_GROUP_METRICS = ["GroupDesiredCapacity", "GroupInServiceInstances", "GroupPendingInstances", "GroupTotalInstances"]


class InstanceGroup(cdk.Construct):
    """Instances without public address, key pair or open port; IMDSv2 only; encrypted disks; rolling replacement.

    Use ``WebService`` or ``QueueWorkers``, which add what the group serves and how it scales.

    Args:
        network: network of the instances, which run in its private subnets.
        release: software to run.
        command: command to run in the release's folder: an absolute path and its arguments. It must send ``READY=1``
            to systemd once it works: https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
        pre_start_command: command that must succeed before each start of ``command``.
        environment: variables of both commands.
        capacity: number of instances.
        instances: options of the instances.
        name: prefix of the resources' names; by default derived from the construct's path.
        group_name: name of the Auto Scaling group. Default: ``name``.
        initial_capacity: minimum initial capacity if the capacity does not set one.
        stop_timeout: time that the program gets to finish its work when it is stopped. Default: 1 minute.
        ready_url: URL that answers 200 when the program is ready.
        target_groups: ARNs of target groups to register with; with at least one, ELB health checks are used.
        startup_timeout: grace period before health checks count, 30 seconds to an hour. Default: 5 minutes.
        drain: how to wait for a terminating instance; without it, it terminates at once.
    """

    def __init__(
        self,
        scope: cdk.Construct,
        id: str,
        *,
        network: Network,
        release: Release,
        command: str,
        pre_start_command: str | None,
        environment: Mapping[str, str] | None,
        capacity: Capacity | tuple[int, int],
        instances: InstanceOptions = USUAL_INSTANCES,
        name: str | None = None,
        group_name: str | None = None,
        initial_capacity: int = 0,
        stop_timeout: timedelta = timedelta(minutes=1),
        ready_url: str | None = None,
        target_groups: Sequence[str] = (),
        startup_timeout: timedelta = DEFAULT_STARTUP_TIMEOUT,
        drain: DrainPolicy | None = None,
    ) -> None:
        checks = Checks(scope, id)
        check_startup_timeout(checks.path, startup_timeout)
        capacity = resolve_capacity(checks, capacity, initial_capacity=initial_capacity)
        checks.between("disk_gib", instances.disk_gib, 8, 16384, fix="use 30, the usual choice")
        check_architecture(checks, instances)
        check_session_manager(checks, instances.session_manager)
        name = names.instance_group(checks, name)
        group_name = names.group(checks, group_name or name)
        log_group = names.log_group(checks, instances.log_group or f"/{name}")
        check_retention(checks, "log_days", instances.log_days)
        _check_existing_roles(checks, instances)
        # The id becomes the name of a systemd unit and of files, and a word in shell scripts.
        checks.name("id", id, longest=64, owner="service", pattern=r"[A-Za-z][A-Za-z0-9_-]*")
        region = stack_context.region(scope)
        super().__init__(scope, id)
        if warning := offers.warning("instance_types", instances.instance_type, stack_context.known_region(self)):
            cdk.Annotations.of(self).add_warning(warning)

        self.role = ServiceRole(
            self,
            "role",
            name=name,
            existing_profile=instances.existing_profile,
            network=network,
            session_manager=instances.session_manager is not None,
        )
        self.security_group = SecurityGroup(
            self, "security-group", vpc_id=network.vpc_id, name=f"{name}-sg", description=f"Instances of {name}"
        )
        self.security_group.allow_https_out(description="AWS APIs")
        release.grant_read(self)

        self.log_group_name: str = log_group
        self._create_log_group(log_group, instances.log_days)
        lifecycle = Lifecycle(
            group_name=group_name, region=region, launch_timeout=launch_timeout(startup_timeout), drain=drain
        )
        lifecycle.grant(self.role)
        user_data = UserData(
            name=id,
            region=region,
            group_name=group_name,
            log_group=log_group,
            bucket=release.bucket.name,
            release=release.sha256,
            parts=release.parts,
            command=command,
            pre_start_command=pre_start_command,
            # So that no SDK needs the metadata service to find its region.
            environment={"AWS_REGION": region, "AWS_DEFAULT_REGION": region, **(environment or {})},
            ready_url=ready_url,
            startup_timeout=startup_timeout,
            launch_timeout=lifecycle.launch_timeout,
            stop_seconds=int(stop_timeout.total_seconds()),
            heartbeat=drain.heartbeat if drain else None,
            isolates_children=instances.isolates_children,
            session_manager=instances.session_manager,
        )
        cdk.Annotations.of(self).add_info(user_data.size_summary())
        # A local keeps the script readable in the synthesized file; Terraform encodes it once its references are known.
        script = cdk.TerraformLocal(self, "user-data", user_data.render())
        tags = {"Name": name, **instances.tags}
        template = self._create_launch_template(name, instances, cdk.Fn.base64encode(script.as_string), tags)
        self.launch_template_id: str = template.id
        self.capacity = capacity
        self.startup_timeout = startup_timeout
        self._rollback_alarms: list[str] = []
        group = self._create_group(
            group_name, network, template, capacity, instances, tags, target_groups, startup_timeout, lifecycle
        )
        self._rollout = Rollout(
            self,
            "rollout",
            name=name,
            group=group,
            group_name=group_name,
            launch_template=template,
            instance_role=self.role,
            existing_role=instances.existing_function_role,
            warm_up=startup_timeout,
            log_days=instances.log_days,
            after=lifecycle.attach(group),
        )
        self.group_name: str = group.name

    def roll_back_on(self, *alarms: Alarm | CompositeAlarm) -> None:
        """Roll back a rollout when an alarm goes off during it.

        An alarm that is on when the rollout starts does not roll it back.

        Args:
            alarms: the alarms; at most ten, including the web service's own.

        Raises:
            ConstructError: there are more than ten.
        """
        self._rollback_alarms += [alarm.reference for alarm in alarms]
        if len(self._rollback_alarms) > _MAX_ROLLBACK_ALARMS:
            raise ConstructError(
                self.node.path,
                option="alarms",
                value=len(self._rollback_alarms),
                allowed=f"at most {_MAX_ROLLBACK_ALARMS}",
                fix="keep the alarms that a bad release sets off",
            )
        self._rollout.roll_back_on(self._rollback_alarms)

    def _create_log_group(self, name: str, days: int) -> None:
        group = cdk.aws.cloudwatch_log_group.CloudwatchLogGroup(self, "logs", name=name, retention_in_days=days)
        self.role.allow("WriteLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], [f"{group.arn}:*"])

    def _create_launch_template(
        self, name: str, instances: InstanceOptions, user_data: str, tags: Mapping[str, str]
    ) -> Any:
        module = cdk.aws.launch_template
        return module.LaunchTemplate(
            self,
            "template",
            name_prefix=f"{name}-",
            description=f"Instances of {name}",
            image_id=self._resolve_image(instances),
            instance_type=instances.instance_type,
            user_data=user_data,
            update_default_version=True,
            iam_instance_profile={"name": self.role.profile_name},
            metadata_options={"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1},
            monitoring={"enabled": True},
            network_interfaces=[
                module.LaunchTemplateNetworkInterfaces(
                    associate_public_ip_address="false",
                    delete_on_termination="true",
                    security_groups=[self.security_group.id],
                )
            ],
            block_device_mappings=[
                module.LaunchTemplateBlockDeviceMappings(
                    device_name="/dev/xvda",
                    ebs={
                        "volume_type": "gp3",
                        "volume_size": instances.disk_gib,
                        "encrypted": "true",
                        "delete_on_termination": "true",
                    },
                )
            ],
            tag_specifications=[
                module.LaunchTemplateTagSpecifications(resource_type=kind, tags=dict(tags))
                for kind in ("instance", "volume")
            ],
            lifecycle=cdk.TerraformResourceLifecycle(create_before_destroy=True),
        )

    def _resolve_image(self, instances: InstanceOptions) -> str:
        """Return the AMI, resolved by Terraform if it is a parameter.

        EC2 could resolve it at each launch, but an instance refresh cannot roll back to a template with a parameter.
        https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-rollback.html

        Terraform reads an AMI that is given by its id and rejects one of another architecture than the instances',
        which EC2 would notice at the first launch.
        """
        ami_id = instances.ami_id
        if ami_id.startswith("/"):
            return str(cdk.aws.data_aws_ssm_parameter.DataAwsSsmParameter(self, "image", name=ami_id).insecure_value)
        needed = EC2_ARCHITECTURES[offers.architecture(instances.instance_type)]
        error = (
            f"{self.node.path}: ami_id is {ami_id}, an image for ${{self.architecture}}; must be one for {needed}, as "
            f"the instance type is {instances.instance_type}. Fix: choose an image or a type of the same architecture."
        )
        supported = cdk.Postcondition(condition=f'${{self.architecture == "{needed}"}}', error_message=error)
        image = cdk.aws.data_aws_ami.DataAwsAmi(
            self,
            "image",
            filter=[{"name": "image-id", "values": [ami_id]}],
            include_deprecated=True,
            lifecycle=cdk.TerraformResourceLifecycle(postcondition=[supported]),
        )
        return str(image.id)

    def _create_group(
        self,
        group_name: str,
        network: Network,
        template: Any,
        capacity: Capacity,
        instances: InstanceOptions,
        tags: Mapping[str, str],
        target_groups: Sequence[str],
        startup_timeout: timedelta,
        lifecycle: Lifecycle,
    ) -> Any:
        module = cdk.aws.autoscaling_group
        return module.AutoscalingGroup(
            self,
            "group",
            name=group_name,
            min_size=capacity.minimum,
            max_size=capacity.maximum,
            desired_capacity=capacity.desired,
            vpc_zone_identifier=network.private_subnet_ids,
            launch_template={"id": template.id, "version": cdk.Token.as_string(template.latest_version)},
            target_group_arns=list(target_groups) or None,
            health_check_type="ELB" if target_groups else "EC2",
            health_check_grace_period=int(startup_timeout.total_seconds()),
            enabled_metrics=_GROUP_METRICS,
            metrics_granularity="1Minute",
            wait_for_capacity_timeout=f"{int(instances.wait_for_capacity.total_seconds())}s",
            min_elb_capacity=(capacity.minimum or None) if target_groups else None,
            instance_maintenance_policy=REPLACEMENT,
            initial_lifecycle_hook=[module.AutoscalingGroupInitialLifecycleHook(**hook) for hook in lifecycle.hooks()],
            tag=[
                module.AutoscalingGroupTag(key=key, value=value, propagate_at_launch=True)
                for key, value in sorted(tags.items())
            ],
            lifecycle=cdk.TerraformResourceLifecycle(
                # Once the group exists, scaling owns the number of instances and rollouts own the launch template; the
                # hooks are separate resources.
                ignore_changes=["desired_capacity", "initial_lifecycle_hook", "launch_template"],
            ),
        )


def _check_existing_roles(checks: Checks, instances: InstanceOptions) -> None:
    """Check that an account that cannot create roles has one for the instances and one for the rollouts."""
    if instances.existing_profile is None and instances.existing_function_role is not None:
        raise checks.error(
            "instances.existing_profile",
            None,
            allowed="an instance profile when existing_function_role is set",
            fix="name it, or leave both out for new roles",
        )
    if instances.existing_profile is not None and instances.existing_function_role is None:
        raise checks.error(
            "instances.existing_function_role",
            None,
            allowed="the role of the rollouts' Lambda function when existing_profile is set",
            fix="name a role that Lambda may assume, such as LabRole in AWS Academy labs",
        )
