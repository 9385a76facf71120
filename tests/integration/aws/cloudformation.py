"""CloudFormation's form of synthesized Terraform resources, for the checks of cfn-lint.

cfn-lint holds AWS's resource schemas: allowed values, lengths, patterns, required and exclusive properties, and the
types that each region offers. A reference to another resource becomes a parameter, which cfn-lint does not check.

An attribute is translated by the table of its type, else by its name (``max_size`` is ``MaxSize``), which the schema
then checks. An attribute or a type without a counterpart has a reason.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from constructs_lib.foundation import template
from constructs_lib.foundation.template import Resource

META = {"lifecycle", "depends_on", "provider", "count", "//"}
"""Terraform's own arguments of every resource."""

NAME_SUFFIX = "20261201000000000000000001"
"""What Terraform adds to a ``name_prefix``: 26 characters."""

Convert = Callable[[Any], dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How a Terraform type is translated.

    Args:
        type: type in CloudFormation.
        names: CloudFormation's names of attributes whose name is not Terraform's in capitals.
        convert: conversions of attributes with another structure, to one or more properties.
        without: attributes without a counterpart, and why.
        also: properties that CloudFormation needs and Terraform has none for.
    """

    type: str
    names: Mapping[str, str] = field(default_factory=dict)
    convert: Mapping[str, Convert] = field(default_factory=dict)
    without: Mapping[str, str] = field(default_factory=dict)
    also: Mapping[str, Any] = field(default_factory=dict)

    def translate(self, resource: Resource, scope: str) -> dict[str, Any]:
        """Return the resource as CloudFormation writes it; references of a scope are equal."""
        properties: dict[str, Any] = dict(self.also)
        for name, value in resource.properties.items():
            if name in META or name in self.without or value is None:
                continue
            if name in self.convert:
                properties |= self.convert[name](value)
            elif name == "tags":
                properties |= tags(value)
            else:
                properties[self.names.get(name, capitals(name))] = nested(value)
        return {"Type": self.type, "Properties": without_references(properties, scope)}


def capitals(name: str) -> str:
    """Return CloudFormation's usual form of a Terraform name: ``max_size`` is ``MaxSize``."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def nested(value: Any) -> Any:
    """Return a nested block with CloudFormation's usual names."""
    if isinstance(value, dict):
        return {_ACRONYM_NAMES.get(key, capitals(key)): nested(each) for key, each in value.items()}
    return [nested(each) for each in value] if isinstance(value, list) else value


_ACRONYM_NAMES = {"cloudwatch_metrics_enabled": "CloudWatchMetricsEnabled", "sse_algorithm": "SSEAlgorithm"}


def without_references(value: Any, scope: str) -> Any:
    """Replace every text with a Terraform reference by a parameter; equal texts by the same one."""
    if isinstance(value, dict):
        return {re.sub(r"\$\{[^}]*\}", "unknown", key): without_references(each, scope) for key, each in value.items()}
    if isinstance(value, list):
        return [without_references(each, scope) for each in value]
    if isinstance(value, str) and "${" in value:
        return {"Ref": f"P{hashlib.sha256(f'{scope} {value}'.encode()).hexdigest()[:16]}"}
    return value


def references(part: Any) -> Iterator[str]:
    """Yield the names of the parameters that a resource refers to."""
    if isinstance(part, dict):
        if isinstance(part.get("Ref"), str):
            yield part["Ref"]
        for each in part.values():
            yield from references(each)
    elif isinstance(part, list):
        for each in part:
            yield from references(each)


def tags(value: Mapping[str, str]) -> dict[str, Any]:
    """Convert tags."""
    return {"Tags": [{"Key": key, "Value": text} for key, text in value.items()]}


def text(name: str) -> Convert:
    """Convert a number to the text that CloudFormation takes."""
    return lambda value: {name: str(value)}


def document(name: str) -> Convert:
    """Convert a JSON text to the object that CloudFormation takes."""
    return lambda value: {name: json.loads(value)}


def prefix(name: str) -> Convert:
    """Convert a name's prefix to the name that Terraform makes of it."""
    return lambda value: {name: f"{value}{NAME_SUFFIX}"}


def with_suffix(part: dict[str, Any], number: int) -> dict[str, Any]:
    """Return a translated resource whose generated name ends in this number: Terraform's suffixes are unique."""
    unique: dict[str, Any] = json.loads(json.dumps(part).replace(NAME_SUFFIX, f"{number:0{len(NAME_SUFFIX)}}"))
    return unique


def one(value: Any) -> dict[str, Any]:
    """Return a block that is written once or as a list of one."""
    block: dict[str, Any] = value[0] if isinstance(value, list) else value
    return block


def dimensions(value: Mapping[str, str] | None) -> list[dict[str, str]]:
    """Convert the dimensions of a metric."""
    return [{"Name": name, "Value": each} for name, each in (value or {}).items()]


def _hooks(value: list[dict[str, Any]]) -> dict[str, Any]:
    hooks = [
        {("LifecycleHookName" if key == "name" else capitals(key)): each for key, each in hook.items()}
        for hook in value
    ]
    return {"LifecycleHookSpecificationList": hooks}


def _metric_queries(value: list[dict[str, Any]]) -> dict[str, Any]:
    metrics = []
    for query in value:
        metric = {capitals(key): each for key, each in query.items() if key != "metric"}
        if "metric" in query:
            given = one(query["metric"])
            statistic = {capitals(key): given[key] for key in ("period", "stat", "unit") if key in given}
            of = {capitals(key): given[key] for key in ("metric_name", "namespace") if key in given}
            metric["MetricStat"] = {**statistic, "Metric": {**of, "Dimensions": dimensions(given.get("dimensions"))}}
        metrics.append(metric)
    return {"Metrics": metrics}


def _launch_template(name: str, change: Callable[[Any], Any] = nested) -> Convert:
    return lambda value: {f"LaunchTemplateData.{name}": change(value)}


def _launch_template_tags(value: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"ResourceType": each["resource_type"], **tags(each["tags"])} for each in value]


def _launch_template_networks(value: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = {"security_groups": "Groups"}
    numbered = [{"device_index": 0, **each} for each in value]
    return [{names.get(key, capitals(key)): each for key, each in network.items()} for network in numbered]


def _load_balancer_attribute(key: str) -> Convert:
    return lambda value: {f"LoadBalancerAttributes.{key}": _lower(value)}


def _access_logs(value: Any) -> dict[str, Any]:
    given = one(value)
    return {f"LoadBalancerAttributes.access_logs.s3.{key}": _lower(each) for key, each in given.items()}


def _target_group_health(value: Any) -> dict[str, Any]:
    names = {
        "path": "HealthCheckPath",
        "port": "HealthCheckPort",
        "protocol": "HealthCheckProtocol",
        "interval": "HealthCheckIntervalSeconds",
        "timeout": "HealthCheckTimeoutSeconds",
        "healthy_threshold": "HealthyThresholdCount",
        "unhealthy_threshold": "UnhealthyThresholdCount",
    }
    given = dict(one(value))
    return {"Matcher": {"HttpCode": given.pop("matcher")}, **{names[key]: each for key, each in given.items()}}


def _lower(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _actions(value: list[dict[str, Any]]) -> dict[str, Any]:
    actions = []
    for each in value:
        action = {capitals(key): inner for key, inner in each.items() if key != "redirect"}
        if "redirect" in each:
            action["RedirectConfig"] = nested(one(each["redirect"]))
        actions.append(action)
    return {"DefaultActions": actions}


def _lifecycle_rules(value: list[dict[str, Any]]) -> dict[str, Any]:
    rules = []
    for rule in value:
        found: dict[str, Any] = {"Id": rule["id"], "Status": rule["status"]}
        for name, block in rule.items():
            if name in ("id", "status"):
                continue
            given = one(block)
            if name == "filter":
                found |= {"Prefix": given["prefix"]} if given.get("prefix") else {}
            elif name == "abort_incomplete_multipart_upload":
                found["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": given["days_after_initiation"]}
            elif name == "noncurrent_version_expiration":
                found["NoncurrentVersionExpiration"] = {"NoncurrentDays": given["noncurrent_days"]}
            elif name == "transition":
                found["Transitions"] = [
                    {"StorageClass": each["storage_class"], "TransitionInDays": each["days"]}
                    for each in (block if isinstance(block, list) else [block])
                ]
            elif name == "expiration":
                days = {"ExpirationInDays": given["days"]} if "days" in given else {}
                markers = given.get("expired_object_delete_marker")
                found |= days | ({"ExpiredObjectDeleteMarker": markers} if markers is not None else {})
            else:
                raise KeyError(f"rule of a lifecycle configuration: {name}")
        rules.append(found)
    return {"LifecycleConfiguration": {"Rules": rules}}


def _cors(value: list[dict[str, Any]]) -> dict[str, Any]:
    names = {"expose_headers": "ExposedHeaders", "max_age_seconds": "MaxAge"}
    rules = [{names.get(key, capitals(key)): each for key, each in rule.items()} for rule in value]
    return {"CorsConfiguration": {"CorsRules": rules}}


def _encryption(value: Any) -> dict[str, Any]:
    default = one(one(value)["apply_server_side_encryption_by_default"])
    rule = {"ServerSideEncryptionByDefault": nested(default)}
    return {"BucketEncryption": {"ServerSideEncryptionConfiguration": [rule]}}


def _web_acl_rules(value: list[dict[str, Any]]) -> dict[str, Any]:
    rules = nested(value)
    for rule in rules:
        managed = rule["Statement"].get("ManagedRuleGroupStatement", {})
        if "RuleActionOverride" in managed:
            managed["RuleActionOverrides"] = managed.pop("RuleActionOverride")
    return {"Rules": rules}


def _logging_filter(value: Any) -> dict[str, Any]:
    given = one(value)
    filters = [
        {
            "Behavior": each["behavior"],
            "Requirement": each["requirement"],
            "Conditions": [{"ActionCondition": nested(one(of["action_condition"]))} for of in each["condition"]],
        }
        for each in given["filter"]
    ]
    return {"LoggingFilter": {"DefaultBehavior": given["default_behavior"], "Filters": filters}}


def _alias(value: Any) -> dict[str, Any]:
    names = {"name": "DNSName", "zone_id": "HostedZoneId", "evaluate_target_health": "EvaluateTargetHealth"}
    return {"AliasTarget": {names[key]: each for key, each in one(value).items()}}


def _parameters(value: list[dict[str, str]]) -> dict[str, Any]:
    return {"Parameters": {each["name"]: each["value"] for each in value}}


def _environment(value: Any) -> dict[str, Any]:
    return {"Environment": {"Variables": one(value).get("variables", {})}}


_ALARM = {"ok_actions": "OKActions"}
_BUCKET = {"bucket": "the bucket is a resource of its own in Terraform"}
_TERRAFORM_WAITS = "how Terraform waits; AWS has no such attribute"
_DESTROY = "how Terraform destroys the resource"

KINDS = {
    "aws_acm_certificate": Kind(type="AWS::CertificateManager::Certificate"),
    "aws_autoscaling_group": Kind(
        type="AWS::AutoScaling::AutoScalingGroup",
        names={
            "name": "AutoScalingGroupName",
            "vpc_zone_identifier": "VPCZoneIdentifier",
            "target_group_arns": "TargetGroupARNs",
        },
        convert={
            "min_size": text("MinSize"),
            "max_size": text("MaxSize"),
            "desired_capacity": text("DesiredCapacity"),
            "enabled_metrics": lambda value: {"MetricsCollection": [{"Granularity": "1Minute", "Metrics": value}]},
            "metrics_granularity": lambda value: {},
            "launch_template": lambda value: {
                "LaunchTemplate": {"LaunchTemplateId": value["id"], "Version": value["version"]}
            },
            "initial_lifecycle_hook": _hooks,
            "tag": lambda value: {
                "Tags": [
                    {"Key": each["key"], "Value": each["value"], "PropagateAtLaunch": each["propagate_at_launch"]}
                    for each in value
                ]
            },
        },
        without={
            "wait_for_capacity_timeout": _TERRAFORM_WAITS,
            "min_elb_capacity": _TERRAFORM_WAITS,
        },
    ),
    "aws_autoscaling_lifecycle_hook": Kind(
        type="AWS::AutoScaling::LifecycleHook",
        names={"autoscaling_group_name": "AutoScalingGroupName", "name": "LifecycleHookName"},
    ),
    "aws_autoscaling_policy": Kind(
        type="AWS::AutoScaling::ScalingPolicy",
        names={"autoscaling_group_name": "AutoScalingGroupName", "step_adjustment": "StepAdjustments"},
        without={"name": "CloudFormation chooses the name"},
    ),
    "aws_cloudwatch_composite_alarm": Kind(type="AWS::CloudWatch::CompositeAlarm", names=_ALARM),
    "aws_cloudwatch_dashboard": Kind(type="AWS::CloudWatch::Dashboard"),
    "aws_cloudwatch_log_group": Kind(type="AWS::Logs::LogGroup", names={"name": "LogGroupName"}),
    "aws_cloudwatch_metric_alarm": Kind(
        type="AWS::CloudWatch::Alarm",
        names=_ALARM,
        convert={
            "dimensions": lambda value: {"Dimensions": dimensions(value)},
            "metric_query": _metric_queries,
        },
    ),
    "aws_cloudwatch_query_definition": Kind(type="AWS::Logs::QueryDefinition"),
    "aws_db_instance": Kind(
        type="AWS::RDS::DBInstance",
        names={
            "identifier": "DBInstanceIdentifier",
            "instance_class": "DBInstanceClass",
            "db_name": "DBName",
            "username": "MasterUsername",
            "db_subnet_group_name": "DBSubnetGroupName",
            "parameter_group_name": "DBParameterGroupName",
            "vpc_security_group_ids": "VPCSecurityGroups",
            "multi_az": "MultiAZ",
            "enabled_cloudwatch_logs_exports": "EnableCloudwatchLogsExports",
            "ca_cert_identifier": "CACertificateIdentifier",
        },
        convert={"allocated_storage": text("AllocatedStorage"), "port": text("Port")},
        without={"skip_final_snapshot": _DESTROY, "final_snapshot_identifier": _DESTROY},
    ),
    "aws_db_parameter_group": Kind(
        type="AWS::RDS::DBParameterGroup",
        convert={"name_prefix": prefix("DBParameterGroupName"), "parameter": _parameters},
    ),
    "aws_db_subnet_group": Kind(
        type="AWS::RDS::DBSubnetGroup",
        names={"description": "DBSubnetGroupDescription"},
        convert={"name_prefix": prefix("DBSubnetGroupName")},
    ),
    "aws_eip": Kind(type="AWS::EC2::EIP"),
    "aws_flow_log": Kind(
        type="AWS::EC2::FlowLog",
        names={"iam_role_arn": "DeliverLogsPermissionArn"},
        convert={"vpc_id": lambda value: {"ResourceId": value, "ResourceType": "VPC"}},
    ),
    "aws_iam_instance_profile": Kind(
        type="AWS::IAM::InstanceProfile",
        convert={"name_prefix": prefix("InstanceProfileName"), "role": lambda value: {"Roles": [value]}},
    ),
    "aws_iam_role": Kind(
        type="AWS::IAM::Role",
        names={"name": "RoleName"},
        convert={"name_prefix": prefix("RoleName"), "assume_role_policy": document("AssumeRolePolicyDocument")},
    ),
    "aws_iam_role_policy": Kind(
        type="AWS::IAM::RolePolicy",
        names={"name": "PolicyName", "role": "RoleName"},
        convert={"name_prefix": prefix("PolicyName"), "policy": document("PolicyDocument")},
    ),
    "aws_internet_gateway": Kind(
        type="AWS::EC2::InternetGateway", without={"vpc_id": "AWS::EC2::VPCGatewayAttachment has two references only"}
    ),
    "aws_kms_alias": Kind(type="AWS::KMS::Alias", names={"name": "AliasName"}),
    "aws_kms_key": Kind(
        type="AWS::KMS::Key",
        names={"deletion_window_in_days": "PendingWindowInDays"},
        convert={"policy": document("KeyPolicy")},
    ),
    "aws_lambda_function": Kind(
        type="AWS::Lambda::Function",
        convert={
            "environment": _environment,
            "filename": lambda value: {"Code": {"S3Bucket": "${bucket}", "S3Key": "${key}"}},
            "logging_config": lambda value: {"LoggingConfig": nested(one(value))},
        },
        without={"source_code_hash": "how Terraform notices a change of the code", "publish": "makes a version"},
    ),
    "aws_launch_template": Kind(
        type="AWS::EC2::LaunchTemplate",
        names={"description": "VersionDescription"},
        convert={
            "name_prefix": prefix("LaunchTemplateName"),
            "image_id": _launch_template("ImageId"),
            "instance_type": _launch_template("InstanceType"),
            "user_data": _launch_template("UserData"),
            "iam_instance_profile": _launch_template("IamInstanceProfile"),
            "metadata_options": _launch_template("MetadataOptions"),
            "monitoring": _launch_template("Monitoring"),
            "block_device_mappings": _launch_template("BlockDeviceMappings"),
            "network_interfaces": _launch_template("NetworkInterfaces", _launch_template_networks),
            "tag_specifications": _launch_template("TagSpecifications", _launch_template_tags),
        },
        without={"update_default_version": "an API call, not an attribute"},
    ),
    "aws_lb": Kind(
        type="AWS::ElasticLoadBalancingV2::LoadBalancer",
        names={"load_balancer_type": "Type"},
        convert={
            "internal": lambda value: {"Scheme": "internal" if value else "internet-facing"},
            "access_logs": _access_logs,
            "drop_invalid_header_fields": _load_balancer_attribute("routing.http.drop_invalid_header_fields.enabled"),
            "desync_mitigation_mode": _load_balancer_attribute("routing.http.desync_mitigation_mode"),
            "enable_deletion_protection": _load_balancer_attribute("deletion_protection.enabled"),
            "idle_timeout": _load_balancer_attribute("idle_timeout.timeout_seconds"),
        },
    ),
    "aws_lb_listener": Kind(
        type="AWS::ElasticLoadBalancingV2::Listener",
        convert={
            "default_action": _actions,
            "certificate_arn": lambda value: {"Certificates": [{"CertificateArn": value}]},
        },
    ),
    "aws_lb_target_group": Kind(
        type="AWS::ElasticLoadBalancingV2::TargetGroup",
        convert={
            "name_prefix": prefix("Name"),
            "health_check": _target_group_health,
            "deregistration_delay": lambda value: {
                "TargetGroupAttributes": [{"Key": "deregistration_delay.timeout_seconds", "Value": value}]
            },
        },
    ),
    "aws_nat_gateway": Kind(type="AWS::EC2::NatGateway"),
    "aws_route": Kind(type="AWS::EC2::Route"),
    "aws_route53_record": Kind(
        type="AWS::Route53::RecordSet",
        names={"zone_id": "HostedZoneId", "records": "ResourceRecords"},
        convert={"alias": _alias, "ttl": text("TTL")},
        without={"allow_overwrite": "how Terraform creates the record"},
    ),
    "aws_route53_zone": Kind(type="AWS::Route53::HostedZone", without={"force_destroy": _DESTROY}),
    "aws_route_table": Kind(type="AWS::EC2::RouteTable"),
    "aws_route_table_association": Kind(type="AWS::EC2::SubnetRouteTableAssociation"),
    "aws_s3_bucket": Kind(type="AWS::S3::Bucket", names={"bucket": "BucketName"}, without={"force_destroy": _DESTROY}),
    "aws_s3_bucket_cors_configuration": Kind(type="AWS::S3::Bucket", convert={"cors_rule": _cors}, without=_BUCKET),
    "aws_s3_bucket_lifecycle_configuration": Kind(
        type="AWS::S3::Bucket", convert={"rule": _lifecycle_rules}, without=_BUCKET
    ),
    "aws_s3_bucket_ownership_controls": Kind(
        type="AWS::S3::Bucket",
        convert={"rule": lambda value: {"OwnershipControls": {"Rules": [nested(one(value))]}}},
        without=_BUCKET,
    ),
    "aws_s3_bucket_policy": Kind(type="AWS::S3::BucketPolicy", convert={"policy": document("PolicyDocument")}),
    "aws_s3_bucket_public_access_block": Kind(
        type="AWS::S3::Bucket",
        convert={
            key: lambda value, key=key: {f"PublicAccessBlockConfiguration.{capitals(key)}": value}
            for key in ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
        },
        without=_BUCKET,
    ),
    "aws_s3_bucket_server_side_encryption_configuration": Kind(
        type="AWS::S3::Bucket", convert={"rule": _encryption}, without=_BUCKET
    ),
    "aws_s3_bucket_versioning": Kind(
        type="AWS::S3::Bucket",
        convert={"versioning_configuration": lambda value: {"VersioningConfiguration": nested(one(value))}},
        without=_BUCKET,
    ),
    "aws_secretsmanager_secret": Kind(
        type="AWS::SecretsManager::Secret",
        convert={"name_prefix": prefix("Name")},
        without={"recovery_window_in_days": _DESTROY},
    ),
    "aws_security_group": Kind(
        type="AWS::EC2::SecurityGroup",
        names={"description": "GroupDescription"},
        convert={"name_prefix": prefix("GroupName")},
    ),
    "aws_sns_topic": Kind(type="AWS::SNS::Topic", names={"name": "TopicName"}),
    "aws_sns_topic_policy": Kind(
        type="AWS::SNS::TopicPolicy",
        convert={"arn": lambda value: {"Topics": [value]}, "policy": document("PolicyDocument")},
    ),
    "aws_sns_topic_subscription": Kind(type="AWS::SNS::Subscription"),
    "aws_sqs_queue": Kind(
        type="AWS::SQS::Queue",
        names={
            "name": "QueueName",
            "message_retention_seconds": "MessageRetentionPeriod",
            "receive_wait_time_seconds": "ReceiveMessageWaitTimeSeconds",
            "visibility_timeout_seconds": "VisibilityTimeout",
        },
        convert={"redrive_policy": document("RedrivePolicy")},
    ),
    "aws_sqs_queue_policy": Kind(
        type="AWS::SQS::QueuePolicy",
        convert={"queue_url": lambda value: {"Queues": [value]}, "policy": document("PolicyDocument")},
    ),
    "aws_sqs_queue_redrive_allow_policy": Kind(
        type="AWS::SQS::Queue",
        convert={"redrive_allow_policy": document("RedriveAllowPolicy")},
        without={"queue_url": "the queue is a resource of its own in Terraform"},
    ),
    "aws_subnet": Kind(type="AWS::EC2::Subnet"),
    "aws_vpc": Kind(type="AWS::EC2::VPC"),
    "aws_vpc_endpoint": Kind(type="AWS::EC2::VPCEndpoint"),
    "aws_vpc_security_group_egress_rule": Kind(
        type="AWS::EC2::SecurityGroupEgress",
        names={
            "cidr_ipv4": "CidrIp",
            "referenced_security_group_id": "DestinationSecurityGroupId",
            "security_group_id": "GroupId",
        },
    ),
    "aws_vpc_security_group_ingress_rule": Kind(
        type="AWS::EC2::SecurityGroupIngress",
        names={
            "cidr_ipv4": "CidrIp",
            "referenced_security_group_id": "SourceSecurityGroupId",
            "security_group_id": "GroupId",
        },
    ),
    "aws_wafv2_web_acl": Kind(type="AWS::WAFv2::WebACL", convert={"rule": _web_acl_rules}),
    "aws_wafv2_web_acl_association": Kind(type="AWS::WAFv2::WebACLAssociation", names={"web_acl_arn": "WebACLArn"}),
    "aws_wafv2_web_acl_logging_configuration": Kind(
        type="AWS::WAFv2::LoggingConfiguration", convert={"logging_filter": _logging_filter}
    ),
}
"""Terraform types and their CloudFormation types."""

WITHOUT = {
    "aws_acm_certificate_validation": "waits for the certificate; creates nothing",
    "aws_default_security_group": "CloudFormation cannot change a VPC's default security group",
    "aws_lambda_invocation": "an API call, not a resource",
    "aws_s3_object": "an object, not a resource; its key and its content have no schema",
    "aws_secretsmanager_secret_version": "a value, not a resource; Terraform writes it without keeping it",
}
"""Terraform types without a CloudFormation type, and why."""


def translate(resource: Resource, scope: str = "") -> dict[str, Any]:
    """Return a resource in CloudFormation's form.

    Args:
        resource: resource of a synthesized stack.
        scope: name of the stacks within which equal references mean the same.
    """
    translated = KINDS[resource.kind].translate(resource, scope)
    return {**translated, "Properties": _unfold(translated["Properties"])}


def resources(stacks: template.Documents) -> Iterator[Resource]:
    """Yield the resources of stacks."""
    for stack in stacks.values():
        yield from template.resources(stack)


def _unfold(properties: dict[str, Any]) -> dict[str, Any]:
    """Build the nested properties and lists of attributes that are separate in Terraform."""
    unfolded: dict[str, Any] = {}
    for name, value in properties.items():
        outer, _, inner = name.partition(".")
        if not inner:
            unfolded[name] = value
        elif outer.endswith("Attributes"):
            unfolded.setdefault(outer, []).append({"Key": inner, "Value": value})
        else:
            unfolded.setdefault(outer, {})[inner] = value
    return unfolded
