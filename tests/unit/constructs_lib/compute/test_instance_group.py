"""WebService and QueueWorkers: private instances, rolling replacement, scaling."""

from __future__ import annotations

import pathlib
import re
from datetime import timedelta
from typing import Any

import pytest
from scenes import queue_workers, queue_workers_template, warnings, web_service, web_service_template
from syrupy.assertion import SnapshotAssertion

from constructs_lib import Capacity, ConstructError, InstanceOptions, Queue, SessionManagerAgent, Stack
from constructs_lib.compute.user_data import read_environment
from constructs_lib.foundation import cdk
from constructs_lib.foundation.cdk import TerraformStack
from constructs_lib.messaging.backlog_scaling import BACKLOG, STRANDED
from constructs_lib.testing import Template, synth

GROUP_RESOURCES = (
    "aws_autoscaling_group",
    "aws_autoscaling_lifecycle_hook",
    "aws_autoscaling_policy",
    "aws_iam_instance_profile",
    "aws_iam_role",
    "aws_iam_role_policy",
    "aws_launch_template",
    "aws_lb_target_group",
    "aws_vpc_security_group_egress_rule",
    "aws_vpc_security_group_ingress_rule",
)


ROLLOUT_STATEMENTS = (
    "WriteRolloutLog",
    "ReadGroups",
    "RefreshInstances",
    "LaunchFromTemplate",
    "TagLaunched",
    "PassInstanceRole",
)


def group_resources(template: Template) -> dict[str, object]:
    resources = template.readable()["resource"]
    return {kind: resources[kind] for kind in GROUP_RESOURCES if kind in resources}


@pytest.mark.snapshot
def test_web_service(recorded: SnapshotAssertion, software: pathlib.Path) -> None:
    assert group_resources(web_service_template(software)) == recorded


@pytest.mark.snapshot
def test_queue_workers(recorded: SnapshotAssertion, software: pathlib.Path) -> None:
    assert group_resources(queue_workers_template(software)) == recorded


@pytest.fixture(params=[web_service_template, queue_workers_template], ids=["web", "workers"])
def group_template(request: pytest.FixtureRequest, software: pathlib.Path) -> Template:
    template: Template = request.param(software)
    return template


def test_launch_template_names_an_image_so_that_it_can_roll_back(group_template: Template) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-rollback.html"""
    assert group_template.one("aws_launch_template")["image_id"].startswith("${data.aws_ssm_parameter.")
    (image,) = group_template.document["data"]["aws_ssm_parameter"].values()
    assert image["name"] == "/aws/service/debian/release/13/latest/amd64"


def test_image_of_another_architecture_is_rejected(software: pathlib.Path) -> None:
    def build(stack: TerraformStack) -> None:
        web_service(stack, software, instances=InstanceOptions(instance_type="t4g.small"))

    with pytest.raises(ConstructError) as error:
        synth(build)
    assert str(error.value) == (
        "test/web: ami_id is '/aws/service/debian/release/13/latest/amd64'; must be an image for arm64, as the "
        "instance type is t4g.small. Fix: use /aws/service/debian/release/13/latest/arm64, or another instance type."
    )


@pytest.mark.parametrize(("instance_type", "architecture"), [("t3.small", "x86_64"), ("t4g.small", "arm64")])
def test_terraform_rejects_an_image_of_another_architecture(
    software: pathlib.Path, instance_type: str, architecture: str
) -> None:
    options = InstanceOptions(instance_type=instance_type, ami_id="ami-12345678")
    template = queue_workers_template(software, instances=options)

    (image,) = template.document["data"]["aws_ami"].values()
    assert image["filter"] == [{"name": "image-id", "values": ["ami-12345678"]}]
    (condition,) = image["lifecycle"]["postcondition"]
    assert condition["condition"] == f'${{self.architecture == "{architecture}"}}'
    assert condition["error_message"].startswith(
        "test/worker: ami_id is ami-12345678, an image for ${self.architecture}; must be one for "
    )
    assert template.one("aws_launch_template")["image_id"].startswith("${data.aws_ami.")


def test_type_that_the_region_lacks_is_a_warning(software: pathlib.Path) -> None:
    def build(region: str) -> list[str]:
        stack = Stack(cdk.Testing.app(), "shop", region=region)
        return warnings(queue_workers(stack, software, instances=InstanceOptions(instance_type="t2.micro")))

    assert build("us-east-1") == []
    (warning,) = build("mx-central-1")
    assert warning.startswith("AWS did not offer t2.micro in mx-central-1 on 20")


@pytest.mark.parametrize(
    ("agent", "option"),
    [
        (SessionManagerAgent(version="latest", sha256="0" * 64), "session_manager.version"),
        (SessionManagerAgent(version="3.3.987.0", sha256="0"), "session_manager.sha256"),
    ],
)
def test_agent_of_session_manager_is_pinned(software: pathlib.Path, agent: SessionManagerAgent, option: str) -> None:
    with pytest.raises(ConstructError, match=f"test/worker: {option} is "):
        synth(lambda stack: queue_workers(stack, software, instances=InstanceOptions(session_manager=agent)))


def test_shell_needs_the_agent_of_session_manager(software: pathlib.Path, group_template: Template) -> None:
    assert "ssmmessages" not in str(group_template.policy("aws_iam_role_policy"))
    assert "install_session_manager 3" not in str(group_template.document["locals"])

    agent = SessionManagerAgent(version="3.3.987.0", sha256="a" * 64)
    template = queue_workers_template(software, instances=InstanceOptions(session_manager=agent))
    assert "ssmmessages:OpenDataChannel" in str(template.policy("aws_iam_role_policy"))
    assert f"install_session_manager 3.3.987.0 {'a' * 64}" in str(template.document["locals"])


def test_deployments_do_not_reset_the_desired_capacity(group_template: Template) -> None:
    assert group_template.one("aws_autoscaling_group")["lifecycle"] == {
        "ignore_changes": ["desired_capacity", "initial_lifecycle_hook", "launch_template"]
    }


def test_instances_are_locked_down(group_template: Template) -> None:
    template = group_template.one("aws_launch_template")

    assert template["metadata_options"]["http_tokens"] == "required"
    assert template["metadata_options"]["http_put_response_hop_limit"] == 1
    assert template["network_interfaces"][0]["associate_public_ip_address"] == "false"
    assert template["block_device_mappings"][0]["ebs"]["encrypted"] == "true"
    assert "key_name" not in template
    ports = {rule["from_port"] for rule in group_template.resources("aws_vpc_security_group_ingress_rule").values()}
    assert 22 not in ports


def test_tags_reach_instances_and_volumes(software: pathlib.Path) -> None:
    template = web_service_template(software)

    specifications = template.one("aws_launch_template")["tag_specifications"]
    assert {each["resource_type"]: each["tags"]["Team"] for each in specifications} == {
        "instance": "shop",
        "volume": "shop",
    }
    assert {"key": "Team", "value": "shop", "propagate_at_launch": True} in template.one("aws_autoscaling_group")["tag"]


def test_replaceable_resources_have_a_prefix_and_create_first(software: pathlib.Path) -> None:
    template = web_service_template(software)

    for kind in ("aws_launch_template", "aws_lb_target_group", "aws_security_group", "aws_iam_role"):
        for each in template.resources(kind).values():
            assert each["lifecycle"] == {"create_before_destroy": True}
            assert "name" not in each
    assert len(template.one("aws_lb_target_group")["name_prefix"]) <= 6


def test_launch_template_has_the_environment(group_template: Template) -> None:
    region = {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
    assert read_environment(group_template.user_data()) == {**region, "COLOUR": "blue"}


def test_changed_environment_changes_the_user_data(software: pathlib.Path) -> None:
    def user_data(colour: str) -> str:
        return web_service_template(software, variables={"COLOUR": colour}).user_data()

    assert user_data("red") != user_data("blue")


def test_role_has_only_the_basic_permissions(software: pathlib.Path) -> None:
    statements = web_service_template(software).policy("aws_iam_role_policy")

    assert [each["Sid"] for each in statements if each["Sid"] not in ROLLOUT_STATEMENTS] == [
        "ReadReleasesRelease",
        "WriteLogs",
        "ReportToAutoScaling",
    ]
    assert statements[0]["Resource"][0].endswith("/releases/release/*")


def test_existing_profile_creates_no_role(software: pathlib.Path) -> None:
    lab = InstanceOptions(existing_profile="LabInstanceProfile", existing_function_role="LabRole")
    template = web_service_template(software, instances=lab)

    assert template.resources("aws_iam_role") == {}
    assert template.resources("aws_iam_role_policy") == {}
    assert re.fullmatch(
        r"arn:\$\{data\.aws_partition\..*\.partition\}:iam::\$\{data\.aws_caller_identity\..*\}:role/LabRole",
        template.one("aws_lambda_function")["role"],
    )
    assert template.one("aws_launch_template")["iam_instance_profile"] == {"name": "LabInstanceProfile"}


def test_workers_scale_on_the_backlog_per_instance(software: pathlib.Path) -> None:
    template = queue_workers_template(software)

    (policy,) = template.matching("aws_autoscaling_policy", policy_type="TargetTrackingScaling")
    tracking = policy["target_tracking_configuration"]
    assert tracking["target_value"] == 4.8
    metrics = {each["id"]: each for each in tracking["customized_metric_specification"]["metrics"]}
    assert [name for name, each in metrics.items() if each["return_data"]] == ["backlog"]
    assert metrics["backlog"]["expression"] == BACKLOG
    (queue_dimension,) = metrics["waiting"]["metric_stat"]["metric"]["dimensions"]
    assert queue_dimension["name"] == "QueueName"
    assert queue_dimension["value"].startswith("${aws_sqs_queue.orders_queue")
    group = template.one("aws_autoscaling_group")
    assert "GroupInServiceInstances" in group["enabled_metrics"]
    assert group["metrics_granularity"] == "1Minute"


def test_step_policy_launches_the_first_instance(software: pathlib.Path) -> None:
    template = queue_workers_template(software)

    (policy,) = template.matching("aws_autoscaling_policy", policy_type="StepScaling")
    assert policy["step_adjustment"] == [{"metric_interval_lower_bound": "0", "scaling_adjustment": 1}]
    alarm = template.one("aws_cloudwatch_metric_alarm")
    assert [each["id"] for each in alarm["metric_query"] if each["return_data"]] == ["stranded"]
    assert alarm["metric_query"][-1]["expression"] == STRANDED
    assert alarm["alarm_actions"][0].startswith("${aws_autoscaling_policy.worker_backlog_first_")
    assert alarm["metric_query"][0]["metric"]["dimensions"].keys() == {"QueueName"}


def test_no_step_policy_with_a_minimum(software: pathlib.Path) -> None:
    template = queue_workers_template(software, capacity=Capacity(1, 3, 1))

    assert template.matching("aws_autoscaling_policy", policy_type="StepScaling") == []
    assert template.resources("aws_cloudwatch_metric_alarm") == {}


def test_launching_hook_applies_to_the_first_instance(group_template: Template) -> None:
    (first,) = [
        hook
        for hook in group_template.one("aws_autoscaling_group")["initial_lifecycle_hook"]
        if hook["lifecycle_transition"] == "autoscaling:EC2_INSTANCE_LAUNCHING"
    ]
    (resource,) = group_template.matching("aws_autoscaling_lifecycle_hook", name="launching")

    assert first == {
        "name": "launching",
        "lifecycle_transition": "autoscaling:EC2_INSTANCE_LAUNCHING",
        "heartbeat_timeout": 600,
        "default_result": "ABANDON",
    }
    assert {key: resource[key] for key in first} == first


def test_terminating_worker_gets_longest_job_poll_and_a_minute(software: pathlib.Path) -> None:
    template = queue_workers_template(software)

    (hook,) = template.matching("aws_autoscaling_lifecycle_hook", name="terminating")
    assert (hook["heartbeat_timeout"], hook["default_result"]) == (900 + 20 + 60, "CONTINUE")
    assert "TimeoutStopSec=920\n" in template.user_data()
    assert "heartbeat='326'" in template.user_data()


def test_web_service_has_no_terminating_hook(software: pathlib.Path) -> None:
    """Auto Scaling waits for the deregistration delay, and the shutdown stops the program.
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/attach-load-balancer-asg.html
    """
    template = web_service_template(software)

    assert template.matching("aws_autoscaling_lifecycle_hook", name="terminating") == []
    assert "heartbeat=''" in template.user_data()


def test_instances_write_to_their_log_group(software: pathlib.Path) -> None:
    template = web_service_template(software)
    renamed = InstanceOptions(log_group="/shop/front", log_days=365)
    renamed_template = web_service_template(software, instances=renamed)

    assert retention(template) == {"/shop-web": 30, "/aws/lambda/shop-web-rollout": 30}
    assert retention(renamed_template) == {"/shop/front": 365, "/aws/lambda/shop-web-rollout": 365}
    (statement,) = [each for each in template.policy("aws_iam_role_policy") if each["Sid"] == "WriteLogs"]
    assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert re.fullmatch(r"\$\{aws_cloudwatch_log_group\.[^}]*\.arn\}:\*", statement["Resource"][0])


def test_namespaces_are_allowed_only_with_isolates_children(software: pathlib.Path) -> None:
    isolating = InstanceOptions(isolates_children=True)
    isolated = queue_workers_template(software, instances=isolating).user_data()

    assert "RestrictNamespaces=user net\n" in isolated
    assert "RestrictNamespaces=user net\n" not in queue_workers_template(software).user_data()


def retention(template: Template) -> dict[str, int]:
    groups = template.resources("aws_cloudwatch_log_group").values()
    return {group["name"]: group["retention_in_days"] for group in groups}


def report_statement(template: Template) -> dict[str, Any]:
    (statement,) = [each for each in template.policy("aws_iam_role_policy") if each["Sid"] == "ReportToAutoScaling"]
    return statement


def test_instances_may_report_only_for_their_group(software: pathlib.Path) -> None:
    web = report_statement(web_service_template(software))
    workers = report_statement(queue_workers_template(software))

    common = ["autoscaling:CompleteLifecycleAction", "autoscaling:SetInstanceHealth"]
    assert web["Action"] == common
    assert workers["Action"] == sorted([*common, "autoscaling:RecordLifecycleActionHeartbeat"])
    group = "arn:aws:autoscaling:us-east-1:*:autoScalingGroup:*:autoScalingGroupName/shop-worker-asg"
    assert workers["Resource"] == [group]


def test_heartbeats_let_jobs_outlast_the_hook(software: pathlib.Path) -> None:
    """Without scale-in protection: each heartbeat of the instance starts the hook's two hours again."""

    def build(stack: TerraformStack) -> None:
        queue_workers(stack, software, queue=Queue(stack, "long", name="long", max_job=timedelta(hours=3)))

    template = synth(build)

    (hook,) = template.matching("aws_autoscaling_lifecycle_hook", name="terminating")
    assert hook["heartbeat_timeout"] == 2 * 3600
    assert "heartbeat='2400'" in template.user_data()
    assert "TimeoutStopSec=10820\n" in template.user_data()
    statement = report_statement(template)
    assert "autoscaling:RecordLifecycleActionHeartbeat" in statement["Action"]
    assert "autoscaling:SetInstanceProtection" not in statement["Action"]
    # A program that never starts would leave its instance protected forever.
    assert "protect_from_scale_in" not in template.one("aws_autoscaling_group")


def test_new_instance_serves_before_an_old_one_ends(group_template: Template) -> None:
    assert group_template.one("aws_autoscaling_group")["instance_maintenance_policy"] == {
        "max_healthy_percentage": 150,
        "min_healthy_percentage": 100,
    }


def test_free_bytes_of_the_user_data_are_reported(software: pathlib.Path) -> None:
    messages: list[str] = []

    def build(stack: TerraformStack) -> None:
        service = web_service(stack, software)
        messages.extend(entry.data for entry in service.node.metadata if entry.type == "@cdktf/info")

    synth(build)
    (message,) = messages
    assert re.fullmatch(r"user-data takes \d+ of 16384 bytes; \d{4,5} are left", message)


@pytest.mark.parametrize(
    ("build", "changes", "message"),
    [
        (
            web_service,
            {"capacity": Capacity(4, 3, 3)},
            r"test/web: capacity.minimum is 4; must be between 0 and 3\. Fix: lower it",
        ),
        (web_service, {"capacity": Capacity(0, 0, 0)}, r"capacity.maximum is 0; must be between 1 and 1000"),
        (web_service, {"capacity": Capacity(1, 3, 4)}, r"capacity.desired is 4; must be between 1 and 3\. Fix: choose"),
        (
            web_service,
            {"startup_timeout": timedelta(hours=2)},
            r"test/web: startup_timeout is '7200 s'; must be between 30 s and 3600 s",
        ),
        (web_service, {"capacity": (1, 2, 3)}, r"capacity is \(1, 2, 3\); must be \(minimum, maximum\) or a Cap"),
        (web_service, {"cpu_target": 95}, r"cpu_target is 95; must be between 10 and 90"),
        (
            web_service,
            {"port": 80},
            r"port is 80; must be between 1024 and 65535\. Fix: choose a port",
        ),
        (web_service, {"group_name": "a b"}, r"group_name is 'a b'"),
        (web_service, {"name": "w" * 38}, r"test/web: name is 'w{38}'; must be 1 to 37 characters"),
        (
            web_service,
            {"instances": InstanceOptions(instance_type="t3.small", disk_gib=4)},
            r"disk_gib is 4; must be between 8 and 16384",
        ),
        (
            web_service,
            {"instances": InstanceOptions(log_days=8)},
            r"test/web: log_days is 8; must be one of 1, 3, .* choose a retention that CloudWatch",
        ),
        (web_service, {"instances": InstanceOptions(log_group="a b")}, r"log_group is 'a b'"),
        (
            web_service,
            {"instances": InstanceOptions(existing_profile="LabInstanceProfile")},
            r"test/web: instances\.existing_function_role is None; must be the role of .* when existing_profile is set",
        ),
        (
            web_service,
            {"instances": InstanceOptions(existing_function_role="LabRole")},
            r"instances\.existing_profile is None; must be an instance profile when existing_function_role is set",
        ),
        (queue_workers, {"seconds_per_job": 0}, r"test/worker: seconds_per_job is 0; must be between 0.1 and 900"),
        (queue_workers, {"concurrency": 0}, r"concurrency is 0; must be between 1 and 1000"),
        (
            queue_workers,
            {"acceptable_latency": timedelta(seconds=20)},
            r"acceptable_latency is '20 s'; must be between 25 s and 344400 s\. Fix: allow at least one job",
        ),
    ],
)
def test_invalid_arguments_are_rejected(
    software: pathlib.Path, build: Any, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConstructError, match=message):
        synth(lambda stack: build(stack, software, **changes))
