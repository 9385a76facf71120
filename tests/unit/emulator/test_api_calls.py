"""Requests to AWS are read back by AWS's models, which find what AWS would refuse."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config

from emulator.api_calls import ApiCall, CallFile, parse, read_calls, violations

Sent = Callable[..., AWSPreparedRequest]


def sent(service: str, operation: str, **members: Any) -> AWSPreparedRequest:
    """Return the signed request of a boto3 client that does not check its arguments."""
    requests: list[AWSPreparedRequest] = []

    def stop(request: AWSPreparedRequest, **_: Any) -> None:
        requests.append(request)
        raise InterruptedError

    client = boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:5000",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        config=Config(parameter_validation=False, s3={"addressing_style": "path"}),
    )
    client.meta.events.register("before-send", stop)
    with pytest.raises(InterruptedError):
        getattr(client, operation)(**members)
    return requests[0]


def text_headers(request: AWSPreparedRequest) -> dict[str, str]:
    return {
        name.lower(): value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()
    }


def body_of(request: AWSPreparedRequest) -> bytes:
    body = request.body or b""
    if not isinstance(body, (str, bytes)):
        body = body.read()
    return body.encode() if isinstance(body, str) else bytes(body)


def call_of(service: str, operation: str, **members: Any) -> ApiCall:
    request = sent(service, operation, **members)
    call = parse(request.method, request.url, text_headers(request), body_of(request))
    assert call is not None
    return call


VALID: list[tuple[str, str, dict[str, Any]]] = [
    (
        "autoscaling",
        "start_instance_refresh",
        {
            "AutoScalingGroupName": "web",
            "Preferences": {"MinHealthyPercentage": 90, "AutoRollback": True, "AlarmSpecification": {"Alarms": ["a"]}},
        },
    ),
    ("ec2", "describe_instances", {"Filters": [{"Name": "state", "Values": ["running", "pending"]}]}),
    ("elbv2", "describe_target_groups", {"Names": ["web"]}),
    ("sqs", "create_queue", {"QueueName": "jobs", "Attributes": {"DelaySeconds": "3"}, "tags": {"Team": "shop"}}),
    ("logs", "put_retention_policy", {"logGroupName": "/web", "retentionInDays": 30}),
    ("lambda", "invoke", {"FunctionName": "refresh", "Payload": b'{"version": 2}'}),
    (
        "s3",
        "put_bucket_lifecycle_configuration",
        {
            "Bucket": "photos",
            "LifecycleConfiguration": {
                "Rules": [{"ID": "old", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 3}}]
            },
        },
    ),
    ("route53", "list_resource_record_sets", {"HostedZoneId": "Z0123456789", "MaxItems": "3"}),
]


@pytest.mark.parametrize(("service", "operation", "members"), VALID, ids=lambda value: value if str(value) else None)
def test_request_of_each_protocol_is_read_back(service: str, operation: str, members: dict[str, Any]) -> None:
    call = call_of(service, operation, **members)

    given = {name: value for name, value in call.members.items() if name in members}
    assert (call.service, call.operation) == (service, "".join(part.title() for part in operation.split("_")))
    assert given == members
    assert violations(call) == []


@pytest.mark.parametrize(
    ("service", "operation", "members", "problem"),
    [
        (
            "logs",
            "create_log_group",
            {"logGroupName": "/web", "logGroupClass": "CHEAP"},
            (
                "logs:CreateLogGroup.logGroupClass is 'CHEAP'; must be one of STANDARD, INFREQUENT_ACCESS, DELIVERY, "
                "ESSENTIALS"
            ),
        ),
        (
            "logs",
            "create_log_group",
            {"logGroupName": "a" * 513},
            f"logs:CreateLogGroup.logGroupName is '{'a' * 80}...', 513 characters; must be at most 512",
        ),
        (
            "iam",
            "create_role",
            {"RoleName": "web role", "AssumeRolePolicyDocument": "{}"},
            "iam:CreateRole.RoleName is 'web role'; must match [\\w+=,.@-]+",
        ),
        (
            "iam",
            "create_role",
            {"RoleName": "web"},
            "iam:CreateRole.AssumeRolePolicyDocument is missing",
        ),
        (
            "autoscaling",
            "put_scaling_policy",
            {"AutoScalingGroupName": "web", "PolicyName": "a" * 256},
            f"autoscaling:PutScalingPolicy.PolicyName is '{'a' * 80}...', 256 characters; must be at most 255",
        ),
        (
            "cloudwatch",
            "put_metric_alarm",
            {"AlarmName": "slow", "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 0},
            "cloudwatch:PutMetricAlarm.EvaluationPeriods is 0; must be at least 1",
        ),
        (
            "ec2",
            "create_vpc",
            {"CidrBlock": "10.0.0.0/16", "InstanceTenancy": "alone"},
            "ec2:CreateVpc.InstanceTenancy is 'alone'; must be one of default, dedicated, host",
        ),
    ],
    ids=["enum", "length", "pattern", "required", "query length", "range", "ec2 enum"],
)
def test_forbidden_value_is_found(service: str, operation: str, members: dict[str, Any], problem: str) -> None:
    assert violations(call_of(service, operation, **members)) == [problem]


def test_recorded_request_is_read_back_and_its_body_stays_readable(tmp_path: Path) -> None:
    request = sent("logs", "put_retention_policy", logGroupName="/web", retentionInDays=30)
    body, headers = body_of(request), text_headers(request)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "PATH_INFO": "/",
        "RAW_URI": "/",
        "HTTP_HOST": "127.0.0.1:5000",
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": headers["content-type"],
        "wsgi.input": io.BytesIO(body),
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
    }
    recorder = CallFile(tmp_path / "calls.jsonl")
    recorder.record(environ)
    recorder.record({"REQUEST_METHOD": "GET", "PATH_INFO": "/moto-api/data.json"})

    (call,) = read_calls(tmp_path / "calls.jsonl")
    assert environ["wsgi.input"].read() == body
    assert (str(call), dict(call.members)) == (
        "logs:PutRetentionPolicy",
        {"logGroupName": "/web", "retentionInDays": 30},
    )
    assert base64.b64encode(body).decode() in (tmp_path / "calls.jsonl").read_text()
