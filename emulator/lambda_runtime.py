"""Runtime of a Python function of AWS Lambda: a program that runs one invocation in a process of its own.

It imports nothing of this project, and the function cannot import it either. The environment names the handler, the
event arrives as JSON on standard input, and log lines leave on standard output and error.
https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html
https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html

Usage: ``python lambda_runtime.py RESULT DEADLINE``: file for the result, and end of the invocation in seconds since
the epoch. The result is ``{"result": ...}`` or ``{"error": ...}``.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any


class FunctionError(Exception):
    """An invocation that failed outside the handler.

    Args:
        kind: Error type of Lambda, such as Runtime.ImportModuleError.
        message: Error message.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class LambdaContext:
    """Context object of the handler: https://docs.aws.amazon.com/lambda/latest/dg/python-context.html

    Args:
        deadline: End of the invocation, in seconds since the epoch.
    """

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self.aws_request_id = os.environ["_REQUEST_ID"]
        self.invoked_function_arn = os.environ["_FUNCTION_ARN"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]

    def get_remaining_time_in_millis(self) -> int:
        """Return the time until the timeout, in milliseconds."""
        return max(0, int((self._deadline - time.time()) * 1000))


def _load(handler: str) -> Any:
    name, separator, attribute = handler.rpartition(".")
    if not separator:
        raise FunctionError("Runtime.MalformedHandlerName", f"Bad handler '{handler}': not enough values to unpack")
    try:
        module = importlib.import_module(name.replace("/", "."))
    except ImportError as error:
        raise FunctionError("Runtime.ImportModuleError", f"Unable to import module '{name}': {error}") from error
    except SyntaxError as error:
        raise FunctionError("Runtime.UserCodeSyntaxError", f"Syntax error in module '{name}': {error}") from error
    if not hasattr(module, attribute):
        raise FunctionError("Runtime.HandlerNotFound", f"Handler '{attribute}' missing on module '{name}'")
    return getattr(module, attribute)


def _run(deadline: float) -> str:
    event = json.load(sys.stdin)
    result = _load(os.environ["_HANDLER"])(event, LambdaContext(deadline))
    try:
        return json.dumps({"result": result})
    except (TypeError, ValueError) as error:
        raise FunctionError("Runtime.MarshalError", f"Unable to marshal response: {error}") from error


def _describe(error: Exception) -> dict[str, Any]:
    kind = error.kind if isinstance(error, FunctionError) else type(error).__name__
    frames = [] if isinstance(error, FunctionError) else traceback.format_tb(error.__traceback__)[1:]
    sys.stdout.write(f"[ERROR] {kind}: {error}\n")
    if frames:
        sys.stdout.write("Traceback (most recent call last):\n" + "".join(frames))
    return {
        "errorMessage": str(error),
        "errorType": kind,
        "requestId": os.environ["_REQUEST_ID"],
        "stackTrace": frames,
    }


def _main(result: Path, deadline: float) -> None:
    # Only the function's own folder, instead of this program's.
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]
    handler = logging.StreamHandler(sys.stdout)
    request = os.environ["_REQUEST_ID"]
    handler.setFormatter(logging.Formatter(f"[%(levelname)s]\t%(asctime)s\t{request}\t%(message)s"))
    logging.getLogger().addHandler(handler)
    try:
        text = _run(deadline)
    except Exception as error:
        text = json.dumps({"error": _describe(error)})
    result.write_text(text)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), float(sys.argv[2]))
