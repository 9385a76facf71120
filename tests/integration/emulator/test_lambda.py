"""Lambda functions run in a process of their own, and answer as AWS's Invoke API documents."""

from __future__ import annotations

import base64
import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator import aws

Create = Callable[..., str]

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}


def zipped(source: str, *, permissions: int = 0o644) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo("index.py")
        entry.external_attr = permissions << 16
        archive.writestr(entry, source)
    return buffer.getvalue()


@pytest.fixture
def create(aws_port: int) -> Create:
    """A function that creates a Lambda function and returns its name."""
    role = aws.client("iam", aws_port).create_role(
        RoleName=f"role-{uuid.uuid4().hex[:8]}", AssumeRolePolicyDocument=json.dumps(_TRUST)
    )["Role"]

    def create(source: str, *, permissions: int = 0o644, **options: Any) -> str:
        name = f"function-{uuid.uuid4().hex[:8]}"
        aws.client("lambda", aws_port).create_function(
            FunctionName=name,
            Role=role["Arn"],
            Code={"ZipFile": zipped(source, permissions=permissions)},
            **{"Runtime": "python3.13", "Handler": "index.handler", **options},
        )
        return name

    return create


@pytest.fixture
def invoke(aws_port: int) -> Callable[..., dict[str, Any]]:
    def invoke(name: str, event: object = None, **options: Any) -> dict[str, Any]:
        payload = {} if event is None else {"Payload": json.dumps(event)}
        answer: dict[str, Any] = aws.client("lambda", aws_port).invoke(FunctionName=name, **payload, **options)
        answer["Payload"] = json.loads(answer["Payload"].read() or "null")
        return answer

    return invoke


def test_handler_runs_with_its_environment_and_role(aws_port: int, create: Create, invoke: Any) -> None:
    source = """
import os
import boto3

def handler(event, context):
    identity = boto3.client("sts").get_caller_identity()["Arn"]
    names = ("GREETING", "AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME", "HOME")
    return {
        "event": event,
        "identity": identity,
        "variables": {name: os.environ.get(name) for name in names},
        "context": [context.function_name, context.get_remaining_time_in_millis() <= 20_000],
    }
"""
    name = create(source, Environment={"Variables": {"GREETING": "hola"}}, Timeout=20)
    answer = invoke(name, {"version": "2"})
    assert answer["StatusCode"] == 200
    assert "FunctionError" not in answer
    assert "LogResult" not in answer
    assert answer["ExecutedVersion"] == "$LATEST"
    payload = answer["Payload"]
    assert payload["event"] == {"version": "2"}
    assert ":assumed-role/role-" in payload["identity"]
    assert payload["identity"].endswith(f"/{name}")
    assert payload["variables"] == {
        "GREETING": "hola",
        "AWS_REGION": "us-east-1",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "HOME": None,
    }
    assert payload["context"] == [name, True]


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("def handler(event, context): raise ValueError('no version')", "ValueError", "no version"),
        ("def handler(event, context): return {1, 2}", "Runtime.MarshalError", "Unable to marshal response"),
        ("import operations", "Runtime.ImportModuleError", "Unable to import module 'index': No module named"),
        ("def other(event, context): pass", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'index'"),
        ("def handler(event", "Runtime.UserCodeSyntaxError", "Syntax error in module 'index'"),
        ("import os\ndef handler(*_): os._exit(3)", "Runtime.ExitError", "exited with error: exit status 3"),
        ("import time\ndef handler(*_): time.sleep(60)", "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
    ],
)
def test_failure_is_a_function_error(create: Create, invoke: Any, source: str, kind: str, message: str) -> None:
    answer = invoke(create(source, Timeout=1 if kind == "Sandbox.Timedout" else 20))
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert answer["Payload"]["errorType"] == kind
    assert message in answer["Payload"]["errorMessage"]


def test_log_lines_reach_the_tail_and_the_log_group(aws_port: int, create: Create, invoke: Any) -> None:
    source = """
import logging
logging.getLogger().setLevel("INFO")

def handler(event, context):
    print("from print")
    logging.info("from logging")
    raise KeyError("version")
"""
    group = f"/group/{uuid.uuid4().hex[:8]}"
    answer = invoke(create(source, Timeout=20, LoggingConfig={"LogGroup": group}), LogType="Tail")
    tail = base64.b64decode(answer["LogResult"]).decode()
    events = aws.client("logs", aws_port).filter_log_events(logGroupName=group)["events"]
    for log in (tail, "\n".join(event["message"] for event in events)):
        assert "from print" in log
        assert "[INFO]" in log
        assert "from logging" in log
        assert "[ERROR] KeyError: 'version'" in log
        assert "REPORT RequestId: " in log


def test_asynchronous_invocation_answers_before_the_handler(aws_port: int, create: Create, invoke: Any) -> None:
    source = """
import boto3

def handler(event, context):
    boto3.client("ssm").put_parameter(Name=event["name"], Value="done", Type="String")
"""
    parameter = f"parameter-{uuid.uuid4().hex[:8]}"
    answer = invoke(create(source, Timeout=20), {"name": parameter}, InvocationType="Event")
    assert (answer["StatusCode"], answer["Payload"]) == (202, None)
    ssm = aws.client("ssm", aws_port)
    deadline = time.monotonic() + 60
    while not ssm.get_parameters(Names=[parameter])["Parameters"]:
        assert time.monotonic() < deadline, "the handler did not run"
        time.sleep(0.2)


def test_updated_code_and_configuration_run(aws_port: int, create: Create, invoke: Any) -> None:
    client, name = aws.client("lambda", aws_port), create("def handler(*_): return 1", Timeout=20)
    client.update_function_code(
        FunctionName=name, ZipFile=zipped("import os\ndef handler(*_): return os.environ['NUMBER']")
    )
    client.update_function_configuration(FunctionName=name, Environment={"Variables": {"NUMBER": "2"}})
    configuration = client.get_function_configuration(FunctionName=name)
    assert (configuration["State"], configuration["LastUpdateStatus"]) == ("Active", "Successful")
    assert invoke(name)["Payload"] == "2"


def test_dry_run_runs_nothing(create: Create, invoke: Any) -> None:
    answer = invoke(create("raise SystemExit"), InvocationType="DryRun")
    assert (answer["StatusCode"], answer["Payload"]) == (204, None)


def test_payload_that_is_not_json_is_refused(aws_port: int, create: Create) -> None:
    name = create("def handler(*_): pass")
    with pytest.raises(ClientError, match="Could not parse request body into json"):
        aws.client("lambda", aws_port).invoke(FunctionName=name, Payload=b"{")


def test_file_without_read_permission_cannot_be_imported(create: Create, invoke: Any) -> None:
    """Python's zipfile writes 600 by default, and Lambda runs as another user."""
    answer = invoke(create("def handler(*_): pass", permissions=0o600))
    assert answer["Payload"]["errorMessage"] == "[Errno 13] Permission denied: '/var/task/index.py'"


@pytest.mark.parametrize(
    ("variables", "message"),
    [({"AWS_REGION": "eu-west-1"}, "Reserved keys used in this request: AWS_REGION"), ({"A": "x" * 4096}, "4KB limit")],
)
def test_impossible_environment_is_refused(create: Create, variables: dict[str, str], message: str) -> None:
    with pytest.raises(ClientError, match=message) as refused:
        create("def handler(*_): pass", Environment={"Variables": variables})
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"
