"""Security headers and request ids of every response."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from services.environment import PortalEnvironment
from services.shared.aws import aws_client
from services.shared.storage import MediaStore

PATHS = ["/health", "/api/public/videos", "/api/videos", "/nowhere", "/docs", "/openapi.json", "/media/7/video.mp4"]


@pytest.mark.asvs("3.4.3")
@pytest.mark.parametrize("path", PATHS)
def test_every_response_carries_security_headers(client: FlaskClient, path: str, aws_endpoint: str) -> None:
    headers = client.get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["media-src"] == policy["img-src"] == policy["connect-src"] == f"'self' {aws_endpoint}"
    assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert policy["form-action"] == "'self'"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    media = path.startswith("/media/")
    assert headers["Cross-Origin-Resource-Policy"] == ("cross-origin" if media else "same-origin")
    assert {"camera=()", "microphone=()", "geolocation=()"} <= set(headers["Permissions-Policy"].split(", "))
    assert "Strict-Transport-Security" not in headers


@pytest.mark.parametrize(
    ("region", "domain"),
    [
        ("us-east-1", "amazonaws.com"),
        ("eu-west-1", "amazonaws.com"),
        ("mx-central-1", "amazonaws.com"),
        ("sa-east-1", "amazonaws.com"),
        ("ap-southeast-7", "amazonaws.com"),
        ("us-gov-west-1", "amazonaws.com"),
        ("cn-north-1", "amazonaws.com.cn"),
    ],
)
def test_policy_and_links_have_the_regional_host(
    monkeypatch: pytest.MonkeyPatch, portal_environment: PortalEnvironment, region: str, domain: str
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    store = MediaStore(aws_client("s3", region), "anb-media")
    assert store.origin == f"https://anb-media.s3.{region}.{domain}"
    part = store.part_upload_link("uploads/x.mp4", "an-upload", 1, size=1, seconds=60)
    for url in (store.link("processed/x.mp4"), part):
        assert url.startswith(f"{store.origin}/")


@pytest.mark.parametrize("request_id", ["Root=1-67891233-abcdef012345678912345678", "a" * 128])
def test_valid_request_id_is_kept(client: FlaskClient, request_id: str) -> None:
    assert client.get("/health", headers={"X-Request-Id": request_id}).headers["X-Request-Id"] == request_id


@pytest.mark.parametrize("request_id", ["", "a b", "a" * 129, "<script>", 'x"y', "é"])
def test_invalid_request_id_is_replaced(client: FlaskClient, request_id: str) -> None:
    answer = client.get("/health", environ_overrides={"HTTP_X_REQUEST_ID": request_id.encode().decode("latin-1")})
    assert len(answer.headers["X-Request-Id"]) == 32
