"""The AWS emulator enforces the CORS rules of a bucket as S3 does.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
"""

from __future__ import annotations

import uuid
from typing import Any
from xml.etree import ElementTree

import pytest
import requests

from emulator import aws

SITE = "https://anb.example"
RULE = {
    "AllowedMethods": ["PUT"],
    "AllowedOrigins": [SITE],
    "AllowedHeaders": ["content-type", "x-amz-*"],
    "ExposeHeaders": ["ETag"],
    "MaxAgeSeconds": 3000,
}


@pytest.fixture
def bucket(aws_port: int) -> str:
    """A bucket with an object, without CORS."""
    name = f"cors-{uuid.uuid4().hex}"
    s3 = aws.client("s3", aws_port)
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="clip", Body=b"clip")
    return name


@pytest.fixture
def with_rules(bucket: str, aws_port: int) -> str:
    """The bucket with a rule that matches nothing, and the rule."""
    other = {"AllowedMethods": ["GET"], "AllowedOrigins": ["https://*.other.example"]}
    aws.client("s3", aws_port).put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [other, RULE]})
    return bucket


def preflight(port: int, bucket: str, origin: str = SITE, method: str = "PUT", headers: str = "") -> requests.Response:
    """Send the preflight of a browser."""
    sent = {"Origin": origin, "Access-Control-Request-Method": method}
    if headers:
        sent["Access-Control-Request-Headers"] = headers
    return requests.options(f"{aws.endpoint(port)}/{bucket}/clip", headers=sent, timeout=30)


def cors_headers(answer: requests.Response) -> dict[str, str]:
    """Return the CORS headers of a response."""
    found = {name.lower().partition("access-control-")[2]: value for name, value in answer.headers.items()}
    return {name: value for name, value in found.items() if name}


def error(answer: requests.Response) -> tuple[int, str | None, str | None]:
    """Return the status, code and message of S3's error."""
    root = ElementTree.fromstring(answer.content)
    return answer.status_code, root.findtext("Code"), root.findtext("Message")


def test_preflight_is_refused_without_a_configuration(aws_port: int, bucket: str) -> None:
    answer = preflight(aws_port, bucket)
    assert error(answer) == (403, "AccessForbidden", "CORSResponse: CORS is not enabled for this bucket.")
    assert cors_headers(answer) == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "https://anb.example.evil"},
        {"origin": "http://anb.example"},
        {"origin": "null"},
        {"method": "DELETE"},
        {"method": "GET"},
        {"headers": "content-type, authorization"},
    ],
)
def test_preflight_is_refused_without_a_matching_rule(aws_port: int, with_rules: str, changes: dict[str, Any]) -> None:
    answer = preflight(aws_port, with_rules, **changes)
    status, code, message = error(answer)
    assert (status, code) == (403, "AccessForbidden")
    assert message is not None and message.startswith("CORSResponse: This CORS request is not allowed.")
    assert cors_headers(answer) == {}


def test_preflight_gets_the_first_matching_rule(aws_port: int, with_rules: str) -> None:
    answer = preflight(aws_port, with_rules, headers="Content-Type,X-Amz-Meta-A")
    assert (answer.status_code, answer.content) == (200, b"")
    assert cors_headers(answer) == {
        "allow-origin": SITE,
        "allow-credentials": "true",
        "allow-methods": "PUT",
        "allow-headers": "content-type, x-amz-meta-a",
        "expose-headers": "ETag",
        "max-age": "3000",
    }
    assert "Origin" in answer.headers["Vary"]
    other = preflight(aws_port, with_rules, origin="https://a.other.example", method="GET")
    assert cors_headers(other)["allow-methods"] == "GET"


@pytest.mark.parametrize(("origin", "method", "allowed"), [(SITE, "PUT", SITE), (SITE, "GET", ""), ("x", "PUT", "")])
def test_other_requests_get_headers_if_a_rule_matches(
    aws_port: int, with_rules: str, origin: str, method: str, allowed: str
) -> None:
    call = {"PUT": "put_object", "GET": "get_object"}[method]
    link = aws.client("s3", aws_port).generate_presigned_url(call, Params={"Bucket": with_rules, "Key": "clip"})
    answer = requests.request(method, link, headers={"Origin": origin}, data=b"", timeout=30)
    assert answer.status_code == 200
    assert cors_headers(answer).get("allow-origin", "") == allowed
    assert bool(cors_headers(answer)) == bool(allowed)


def test_any_origin_is_allowed_without_credentials(aws_port: int, bucket: str) -> None:
    rule = {"AllowedMethods": ["PUT"], "AllowedOrigins": ["*"]}
    aws.client("s3", aws_port).put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    assert cors_headers(preflight(aws_port, bucket)) == {"allow-origin": "*", "allow-methods": "PUT"}
    assert preflight(aws_port, bucket, headers="content-type").status_code == 403


def test_other_services_allow_no_origin(aws_port: int) -> None:
    answer = requests.get(f"{aws.endpoint(aws_port)}/", headers={"Origin": SITE}, timeout=30)
    assert cors_headers(answer) == {}
