"""Lambda functions that run: without Docker, moto only pretends to run them.

An invocation unpacks the function's zip file and runs the handler in a process of its own, with this interpreter.
Between invocations there is no process: every start is a cold start. Without a sandbox, the function can do what this
user can. An asynchronous invocation is not retried.
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import base64
import io
import json
import math
import os
import resource
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError
from moto.awslambda.models import LambdaFunction

from emulator import aws

_RUNTIME = Path(__file__).parent / "lambda_runtime.py"
_LOG_TAIL_BYTES = 4096
_ENVIRONMENT_BYTES = 4096
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
_RESERVED = {
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
}


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """A finished invocation.

    Args:
        payload: The handler's result or error, as JSON.
        failed: Whether the function failed.
        log: Log lines.
    """

    payload: bytes
    failed: bool
    log: str


def run(function: LambdaFunction, event: Any) -> Invocation:
    """Run a function once; write its log lines to its log group.

    Args:
        function: Function of moto.
        event: Event of the handler.
    """
    request, stream = str(uuid.uuid4()), f"{time.strftime('%Y/%m/%d', time.gmtime())}/[$LATEST]{uuid.uuid4().hex}"
    with tempfile.TemporaryDirectory(prefix="lambda-") as folder:
        code, output, result = (Path(folder) / name for name in ("task", "output", "result"))
        unreadable = _unpack(function.code_bytes, code)
        if unreadable:
            error, usage, seconds = {"errorType": "Runtime.ImportModuleError", "errorMessage": unreadable}, 0, 0.0
            text = f"[ERROR] Runtime.ImportModuleError: {unreadable}\n"
            outcome: dict[str, Any] = {"error": error}
        else:
            started = time.monotonic()
            environment = _environment(function, request, stream, code)
            status, usage = _execute(function, event, environment, code, output, result)
            seconds = time.monotonic() - started
            text = output.read_text(errors="replace")
            outcome = _outcome(status, result, request, function.timeout)
    duration = f"Duration: {seconds * 1000:.2f} ms\tBilled Duration: {math.ceil(seconds * 1000)} ms"
    log = (
        f"START RequestId: {request} Version: {function.version}\n{text}{'' if text.endswith(chr(10)) else chr(10)}"
        f"END RequestId: {request}\nREPORT RequestId: {request}\t{duration}\tMemory Size: {function.memory_size} MB\t"
        f"Max Memory Used: {usage // 1024} MB\n"
    )
    _write_log(function, stream, log)
    failed = "error" in outcome
    payload = json.dumps(outcome["error" if failed else "result"]).encode()
    return Invocation(payload=payload, failed=failed, log=log)


def _unpack(content: bytes, folder: Path) -> str | None:
    """Unpack a zip file; return the error message if Lambda could not read one of its files.

    Files need the permissions 644, folders and programs 755.
    https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
        for entry in archive.infolist():
            permissions = entry.external_attr >> 16
            if not permissions & stat.S_IROTH:
                return f"[Errno 13] Permission denied: '/var/task/{entry.filename}'"
    return None


def _environment(function: LambdaFunction, request: str, stream: str, code: Path) -> dict[str, str]:
    port = int(os.environ["MOTO_PORT"])
    sts = aws.client("sts", port, region=function.region)
    credentials = sts.assume_role(RoleArn=function.role, RoleSessionName=function.function_name)["Credentials"]
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        **function.environment_vars,
        "_HANDLER": function.handler,
        "_REQUEST_ID": request,
        "_FUNCTION_ARN": function.function_arn,
        "LAMBDA_TASK_ROOT": str(code),
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
        "AWS_DEFAULT_REGION": function.region,
        "AWS_REGION": function.region,
        "AWS_ENDPOINT_URL": aws.endpoint(port),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": _log_group(function),
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        # The user's own AWS configuration is not read.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _execute(
    function: LambdaFunction, event: Any, environment: Mapping[str, str], code: Path, output: Path, result: Path
) -> tuple[int | None, int]:
    """Run the handler; return the exit status (None after a timeout) and the memory in KiB."""
    deadline = str(time.time() + function.timeout)
    with output.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(_RUNTIME), str(result), deadline],
            cwd=code,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            process.communicate(json.dumps(event).encode(), timeout=function.timeout)
            status: int | None = process.returncode
        except subprocess.TimeoutExpired:
            status = None
        finally:
            # Lambda freezes what the handler leaves behind.
            _kill_group(process)
    return status, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


def _outcome(status: int | None, result: Path, request: str, timeout: int) -> dict[str, Any]:
    """Return the handler's result, or the error of an invocation that ended without one."""
    if status == 0 and result.exists():
        outcome: dict[str, Any] = json.loads(result.read_text())
        return outcome
    if status is None:
        message = f"RequestId: {request} Error: Task timed out after {timeout:.2f} seconds"
        return {"error": {"errorType": "Sandbox.Timedout", "errorMessage": message}}
    ended = f"signal: {-status}" if status < 0 else f"exit status {status}"
    message = f"RequestId: {request} Error: Runtime exited with error: {ended}"
    return {"error": {"errorType": "Runtime.ExitError", "errorMessage": message}}


def _log_group(function: LambdaFunction) -> str:
    return str(_logging_config(function)["LogGroup"])


def _logging_config(function: LambdaFunction) -> dict[str, str]:
    """Return the logging configuration, which moto 5.2.5 lacks."""
    given: dict[str, str] = getattr(function, "logging_config", {})
    return {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.function_name}", **given}


def _write_log(function: LambdaFunction, stream: str, log: str) -> None:
    """Write to CloudWatch Logs like any client, because the invocation does not hold the lock of moto's state."""
    logs = aws.client("logs", int(os.environ["MOTO_PORT"]), region=function.region)
    group = _log_group(function)
    if not any(
        each["logGroupName"] == group for each in logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    ):
        logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in log.splitlines() if line]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def _invoke(
    function: LambdaFunction, body: str | bytes, request_headers: Mapping[str, str], response_headers: dict[str, Any]
) -> bytes:
    """Handle a request Invoke."""
    kind = request_headers.get("X-Amz-Invocation-Type", "RequestResponse")
    try:
        event = json.loads(body or "{}")
    except ValueError as error:
        message = f"Could not parse request body into json: {error}"
        raise LambdaClientError("InvalidRequestContentException", message) from error
    if not str(function.run_time).startswith("python"):
        raise InvalidParameterValueException(f"The emulator runs Python functions only, not {function.run_time}.")
    response_headers["x-amz-executed-version"] = str(function.version)
    if kind == "DryRun":
        return b""
    if kind == "Event":
        threading.Thread(target=run, args=(function, event), daemon=True).start()
        return b""
    invocation = run(function, event)
    if invocation.failed:
        response_headers["x-amz-function-error"] = "Unhandled"
    tail = invocation.log.encode()[-_LOG_TAIL_BYTES:]
    response_headers["x-amz-log-result"] = base64.b64encode(tail).decode()
    return invocation.payload


def _check_environment(variables: Mapping[str, str]) -> None:
    """Refuse variables that Lambda refuses.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    message = "Lambda was unable to configure your environment variables because the environment variables you have "
    reserved = sorted(_RESERVED & set(variables))
    if reserved:
        raise InvalidParameterValueException(
            f"{message}provided contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    if len(json.dumps(dict(variables), separators=(",", ":")).encode()) > _ENVIRONMENT_BYTES:
        raise InvalidParameterValueException(
            f"{message}provided exceeded the 4KB limit. String measured: {json.dumps(dict(variables))[:200]}"
        )


_create, _update = LambdaFunction.__init__, LambdaFunction.update_configuration
_get_configuration = LambdaFunction.get_configuration


def _init(function: LambdaFunction, account_id: str, spec: dict[str, Any], *arguments: Any, **options: Any) -> None:
    _check_environment(spec.get("Environment", {}).get("Variables", {}))
    _create(function, account_id, spec, *arguments, **options)
    function.logging_config = spec.get("LoggingConfig") or {}  # type: ignore[attr-defined]


def _update_configuration(function: LambdaFunction, updates: dict[str, Any]) -> dict[str, Any]:
    _check_environment((updates.get("Environment") or {}).get("Variables", {}))
    if "LoggingConfig" in updates:
        function.logging_config = updates["LoggingConfig"] or {}  # type: ignore[attr-defined]
    return _update(function, updates)


def _configuration(function: LambdaFunction, on_create: bool = False) -> dict[str, Any]:
    return {**_get_configuration(function, on_create), "LoggingConfig": _logging_config(function)}


def install() -> None:
    """Replace moto's invocations; called once, when the service is first used."""
    LambdaFunction.__init__ = _init  # type: ignore[assignment, method-assign]
    LambdaFunction.update_configuration = _update_configuration  # type: ignore[assignment, method-assign]
    LambdaFunction.get_configuration = _configuration  # type: ignore[assignment, method-assign]
    LambdaFunction.invoke = _invoke  # type: ignore[assignment, method-assign]
