"""What every answer carries, and what is logged of a request."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from services.environment import PortalEnvironment
from services.shared.aws import aws_client
from services.shared.storage import MediaStore

PATHS = ["/health", "/api/public/videos", "/api/videos", "/nowhere", "/docs", "/openapi.json", "/media/7/video.mp4"]


@pytest.mark.asvs("3.4.3")
@pytest.mark.parametrize("path", PATHS)
def test_every_answer_tells_browsers_what_the_portal_never_does(
    client: FlaskClient, path: str, aws_endpoint: str
) -> None:
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


def test_on_aws_the_policy_names_the_buckets_own_hosts(
    monkeypatch: pytest.MonkeyPatch, portal_environment: PortalEnvironment
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    store = MediaStore(aws_client("s3", "eu-west-1"), "anb-media")
    assert store.origins == ("https://anb-media.s3.eu-west-1.amazonaws.com", "https://anb-media.s3.amazonaws.com")
    part = store.part_upload_link("uploads/x.mp4", "an-upload", 1, size=1, seconds=60)
    for url in (store.link("processed/x.mp4"), part):
        assert url.startswith(tuple(f"{origin}/" for origin in store.origins))


@pytest.mark.parametrize("given", ["Root=1-67891233-abcdef012345678912345678", "a" * 128])
def test_a_request_keeps_its_id(client: FlaskClient, given: str) -> None:
    assert client.get("/health", headers={"X-Request-Id": given}).headers["X-Request-Id"] == given


@pytest.mark.parametrize("given", ["", "a b", "a" * 129, "<script>", 'x"y', "é"])
def test_an_id_that_could_do_harm_is_replaced(client: FlaskClient, given: str) -> None:
    answer = client.get("/health", environ_overrides={"HTTP_X_REQUEST_ID": given.encode().decode("latin-1")})
    assert len(answer.headers["X-Request-Id"]) == 32
