"""A web service behind a load balancer that scales with its CPU."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from constructs_lib.compute.instance_group import InstanceGroup
from constructs_lib.compute.instance_options import USUAL_INSTANCES, Capacity, InstanceOptions
from constructs_lib.compute.lifecycle_timeouts import DEFAULT_STARTUP_TIMEOUT
from constructs_lib.compute.release import Release
from constructs_lib.compute.web_metrics import ERROR_PERCENT, WebMetrics
from constructs_lib.edge.load_balancer import PublicLoadBalancer
from constructs_lib.foundation import cdk, names
from constructs_lib.foundation.errors import Checks
from constructs_lib.foundation.waivers import waive
from constructs_lib.monitoring.alarm import Alarm
from constructs_lib.network.network import Network

_CHECK_SECONDS = 10
_CHECK_TIMEOUT_SECONDS = 5
_FAILED_CHECKS = 3
_MINUTE = timedelta(minutes=1)


class WebService(InstanceGroup):
    """Instances that serve HTTP on one port, reachable only from their load balancer.

    A new release with server errors or failing health checks is rolled back.

    Args:
        network: network of the instances, which run in its private subnets.
        load_balancer: load balancer of the same stack, or of one that is applied before.
        release: software to run.
        command: command to run in the release's folder: an absolute path and its arguments. It must send ``READY=1``
            to systemd once it works: https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
        pre_start_command: command that must succeed before each start of ``command``, such as a database migration.
        environment: variables of both commands, in addition to the region's; see ``environment()`` of queues, buckets
            and databases.
        capacity: number of instances: ``(minimum, maximum)``, or a ``Capacity``. Initially at least one.
        instances: options of the instances; by default t3.small with Debian 13.
        name: prefix of the resources' names; by default derived from the construct's path.
        group_name: name of the Auto Scaling group. Default: ``name``.
        port: port that the program listens on, 1024 to 65535. Default: 8080.
        health_path: path that answers 200 when an instance is healthy. Default: ``/health``.
        cpu_target: target of the group's average CPU, in percent, 10 to 90. Default: 70.
        request_timeout: maximum duration of a request; a terminating instance gets this long to finish its requests.
            Default: 60 seconds.
        keep_alive: time that the program keeps an idle connection open. It must exceed the load balancer's idle
            timeout; otherwise a request may meet a closing connection and fail with 502. Default: 75 seconds.
        startup_timeout: grace period before health checks count, 30 seconds to an hour. Default: 5 minutes.
    """

    UNHEALTHY_AFTER: ClassVar[timedelta] = timedelta(seconds=_CHECK_SECONDS * _FAILED_CHECKS + _CHECK_TIMEOUT_SECONDS)
    """Time until the load balancer marks an instance with failing health checks as unhealthy.

    A program that is stopped should fail its health check and keep serving for this long. It gets this and the request
    timeout before it is killed."""

    def __init__(
        self,
        scope: cdk.Construct,
        id: str,
        *,
        network: Network,
        load_balancer: PublicLoadBalancer,
        release: Release,
        command: str,
        capacity: Capacity | tuple[int, int],
        pre_start_command: str | None = None,
        environment: Mapping[str, str] | None = None,
        instances: InstanceOptions = USUAL_INSTANCES,
        name: str | None = None,
        group_name: str | None = None,
        port: int = 8080,
        health_path: str = "/health",
        cpu_target: float = 70,
        request_timeout: timedelta = timedelta(seconds=60),
        keep_alive: timedelta = timedelta(seconds=75),
        startup_timeout: timedelta = DEFAULT_STARTUP_TIMEOUT,
    ) -> None:
        checks = Checks(scope, id)
        checks.between("cpu_target", cpu_target, 10, 90, fix="use 70, the usual choice")
        name = names.instance_group(checks, name)
        idle = load_balancer.idle_timeout.total_seconds()
        fix = f"compare it with the load balancer's idle_timeout of {idle:g} seconds"
        checks.between("request_timeout", request_timeout.total_seconds(), 1, idle, fix=fix)
        checks.between("keep_alive", keep_alive.total_seconds(), idle + 1, 86400, fix=fix)
        checks.between("port", port, 1024, 65535, fix="choose a port that needs no privileges")
        target = cdk.aws.lb_target_group.LbTargetGroup(
            scope,
            f"{id}-targets",
            # A target group's name prefix has 6 characters at most.
            name_prefix=f"{name[:5].rstrip('-')}-",
            vpc_id=network.vpc_id,
            port=port,
            protocol="HTTP",
            target_type="instance",
            deregistration_delay=str(int(request_timeout.total_seconds())),
            health_check={
                "path": health_path,
                "port": "traffic-port",
                "matcher": "200",
                "interval": _CHECK_SECONDS,
                "timeout": _CHECK_TIMEOUT_SECONDS,
                "healthy_threshold": 2,
                "unhealthy_threshold": _FAILED_CHECKS,
            },
            lifecycle=cdk.TerraformResourceLifecycle(create_before_destroy=True),
        )
        # The last 15 seconds are for closing connections and sending the last log lines.
        super().__init__(
            scope,
            id,
            network=network,
            release=release,
            command=command,
            pre_start_command=pre_start_command,
            environment=environment,
            stop_timeout=self.UNHEALTHY_AFTER + request_timeout + timedelta(seconds=15),
            capacity=capacity,
            instances=instances,
            name=name,
            group_name=group_name,
            initial_capacity=1,
            ready_url=f"http://127.0.0.1:{port}{health_path}",
            target_groups=[target.arn],
            startup_timeout=startup_timeout,
        )
        self.load_balancer = load_balancer
        self.target_group_arn: str = target.arn
        self.metrics = WebMetrics(load_balancer=load_balancer.arn_suffix, target_group=target.arn_suffix)
        self.security_group.allow_from(
            self, "balancer", source=load_balancer.security_group, port=port, description=f"{id} from its load balancer"
        )
        separate_stacks = cdk.TerraformStack.of(load_balancer).node.path != cdk.TerraformStack.of(self).node.path
        load_balancer.forward_to(target.arn, scope=self if separate_stacks else None)
        if load_balancer.plain_http_reason is not None:
            reason = load_balancer.plain_http_reason
            waive(target, "is reached over plain HTTP all the way", reason=reason, explains=["CKV_AWS_378"])
        cdk.aws.autoscaling_policy.AutoscalingPolicy(
            self,
            "cpu",
            name=f"{name}-cpu",
            autoscaling_group_name=self.group_name,
            policy_type="TargetTrackingScaling",
            target_tracking_configuration={
                "predefined_metric_specification": {"predefined_metric_type": "ASGAverageCPUUtilization"},
                "target_value": cpu_target,
            },
        )
        self.roll_back_on(*self._create_rollback_alarms(name))

    def _create_rollback_alarms(self, name: str) -> list[Alarm]:
        """Create the alarms that roll back a bad release; they notify no topic."""
        action = "No action needed: a rollout in progress is rolled back"
        return [
            Alarm(
                self,
                "rollback-server-errors",
                name=f"{name}-rollback-server-errors",
                meaning=f"More than {ERROR_PERCENT} % of the requests to {self.node.id} end in a server error",
                action=action,
                metric=self.metrics.error_rate,
                comparison=">",
                threshold=ERROR_PERCENT,
                period=_MINUTE,
                periods=2,
            ),
            Alarm(
                self,
                "rollback-unhealthy-hosts",
                name=f"{name}-rollback-unhealthy-hosts",
                meaning=f"An instance of {self.node.id} does not answer its health check",
                action=action,
                metric=self.metrics.unhealthy_hosts,
                comparison=">=",
                threshold=1,
                period=_MINUTE,
                periods=2,
            ),
        ]
