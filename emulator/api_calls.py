"""Recorded requests to AWS, read back by AWS's own service models: operation, members, and what the models forbid.

The emulator appends each signed request to a file (``aws.start(..., calls=file)``); ``read_calls`` parses it. moto's
routers and parsers do the parsing, and the models are botocore's, which AWS publishes with its SDKs.
"""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import threading
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import regex
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model

_SERVICES = {
    "elasticloadbalancing": "elbv2",
    "monitoring": "cloudwatch",
    "servicequotas": "service-quotas",
    "tagging": "resourcegroupstaggingapi",
}
"""botocore's name of a service whose signing name is another."""

_MAX_OBJECT = 2**16
"""Longest recorded body of a request to S3, in bytes: longer ones are objects, whose content has no rules."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ApiCall:
    """A call of an AWS API.

    Args:
        service: botocore's name of the service, such as ``elbv2``.
        operation: Name of the operation.
        members: Members of the request.
        agent: User agent of the client.
    """

    service: str
    operation: str
    members: Mapping[str, Any]
    agent: str = ""

    def __str__(self) -> str:
        return f"{self.service}:{self.operation}"


class CallFile:
    """Appends requests to a file, a line of JSON each.

    Args:
        file: File to append to.
    """

    def __init__(self, file: Path) -> None:
        self._file = file.open("a")
        self._lock = threading.Lock()

    def record(self, environ: dict[str, Any]) -> None:
        """Record a request, and leave its body readable."""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = b""
        # A request that is signed in its URL is one to S3.
        to_s3 = "/s3/aws4_request" in environ.get("HTTP_AUTHORIZATION", "/s3/aws4_request")
        if 0 < length <= (_MAX_OBJECT if to_s3 else length):
            body = environ["wsgi.input"].read(length)
            environ["wsgi.input"] = io.BytesIO(body)
        entry = {
            "method": environ["REQUEST_METHOD"],
            "url": f"http://{environ.get('HTTP_HOST', 'localhost')}{environ.get('RAW_URI', environ['PATH_INFO'])}",
            "headers": {
                name.removeprefix("HTTP_").replace("_", "-").lower(): value
                for name, value in environ.items()
                if (name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH")) and isinstance(value, str)
            },
            "body": base64.b64encode(body).decode(),
        }
        line = json.dumps(entry) + "\n"
        with self._lock:
            self._file.write(line)
            self._file.flush()


def read_calls(file: Path, *, agent: str = "") -> Iterator[ApiCall]:
    """Yield the calls of a file, in the order of their arrival; requests without a signature are left out.

    Args:
        file: Written by `CallFile`.
        agent: Part of the user agent of the calls to read. Default: all calls.
    """
    for line in file.read_text().splitlines():
        entry = json.loads(line)
        if agent not in entry["headers"].get("user-agent", ""):
            continue
        call = parse(entry["method"], entry["url"], entry["headers"], base64.b64decode(entry["body"]))
        if call is not None:
            yield call


def parse(method: str, url: str, headers: Mapping[str, str], body: bytes) -> ApiCall | None:
    """Parse a request; None if it has no signature.

    Args:
        method: HTTP method.
        url: Full URL.
        headers: Headers, with names in lower case.
        body: Body; may be empty if it is an object's content.

    Raises:
        NotFound: No operation of the service has this form.
    """
    signed = headers.get("authorization", "").partition("Credential=")[2].partition(",")[0]
    scope = (signed or parse_qs(urlsplit(url).query).get("X-Amz-Credential", [""])[0]).split("/")
    if len(scope) != 5:
        return None
    service = _SERVICES.get(scope[3], scope[3])
    model = get_service_model(service)
    request = Request.from_primitives(method, url, headers, body)
    operation, parameters = get_service_router(service).match(request)
    parser = PROTOCOL_PARSERS[determine_request_protocol(model, request.content_type)](operation)
    members = parser.parse(
        {
            "method": method,
            "values": request.values,
            "headers": request.headers,
            "body": request.get_data(),
            "url_path": request.path,
            "url_params": parameters,
        }
    )
    return ApiCall(service=service, operation=operation.name, members=members, agent=headers.get("user-agent", ""))


def violations(call: ApiCall) -> list[str]:
    """Return what the service's model forbids in a call: a sentence each, which names the member, its value, its rule.

    botocore's own validator knows required members, types and minimums only.
    https://smithy.io/2.0/spec/constraint-traits.html
    """
    shape = get_service_model(call.service).operation_model(call.operation).input_shape
    return [f"{call}{problem}" for problem in _check(shape, call.members, "")] if shape else []


def _check(shape: Any, value: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure":
        missing = sorted({*shape.required_members} - value.keys())
        yield from (f"{path}.{name} is missing" for name in missing)
        for name, member in value.items():
            if member is not None:
                yield from _check(shape.members[name], member, f"{path}.{name}")
    elif shape.type_name == "list":
        yield from _check_size(shape, len(value), path, f"has {len(value)} items")
        for index, item in enumerate(value):
            yield from _check(shape.member, item, f"{path}[{index}]")
    elif shape.type_name == "map":
        yield from _check_size(shape, len(value), path, f"has {len(value)} entries")
        for key, item in value.items():
            yield from _check(shape.key, key, f"{path}.{key} (key)")
            yield from _check(shape.value, item, f"{path}.{key}")
    elif shape.type_name == "string":
        yield from _check_text(shape, str(value), path)
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from _check_size(shape, value, path, f"is {value}")


def _check_text(shape: Any, value: str, path: str) -> Iterator[str]:
    shown = value if len(value) <= 80 else f"{value[:80]}..."
    yield from _check_size(shape, len(value), path, f"is {shown!r}, {len(value)} characters")
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield f"{path} is {shown!r}; must be one of {', '.join(allowed)}"
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield f"{path} is {shown!r}; must match {pattern}"


def _check_size(shape: Any, size: float, path: str, problem: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        yield f"{path} {problem}; must be at least {low}"
    if high is not None and size > high:
        yield f"{path} {problem}; must be at most {high}"


@cache
def _compiled(pattern: str) -> Any:
    # The models are written for Java: it has classes such as \p{L}, which the module re has not, and it writes a
    # character above U+FFFF as two surrogates.
    return regex.compile(_SURROGATES.sub(_join, pattern))


_SURROGATES = regex.compile(r"\\u(D[89AB][0-9A-F]{2})\\u(D[C-F][0-9A-F]{2})", regex.IGNORECASE)


def _join(pair: Any) -> str:
    high, low = int(pair[1], 16) - 0xD800, int(pair[2], 16) - 0xDC00
    return f"\\U{0x10000 + (high << 10) + low:08X}"
