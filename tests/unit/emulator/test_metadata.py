"""Instance metadata as EC2 serves it, over HTTP."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
import requests

from emulator.metadata import TOKEN, TTL, Identity, MetadataService
from workspace.ports import LOOPBACK


@pytest.fixture
def identity() -> Identity:
    return Identity(
        instance_id="i-0123456789abcdef0",
        address=LOOPBACK,
        region="eu-west-1",
        role="shop-web",
        user_data="#!/bin/bash\necho ready\n",
    )


@pytest.fixture
def service(identity: Identity) -> Iterator[MetadataService]:
    with MetadataService(socket.create_server((LOOPBACK, 0))) as service:
        service.register(identity)
        yield service


@pytest.fixture
def url(service: MetadataService) -> str:
    return f"http://{LOOPBACK}:{service.port}"


def request_token(url: str, seconds: str = "60") -> requests.Response:
    return requests.put(f"{url}/latest/api/token", headers={TTL: seconds}, timeout=10)


@pytest.fixture
def token(url: str) -> dict[str, str]:
    response = request_token(url)
    assert response.status_code == 200
    assert response.headers[TTL] == "60"
    return {TOKEN: response.text}


def get(url: str, path: str, headers: dict[str, str]) -> requests.Response:
    return requests.get(f"{url}/latest/{path}", headers=headers, timeout=10)


@pytest.mark.parametrize("headers", [{}, {TOKEN: "made-up"}])
def test_request_without_a_valid_token_returns_401(url: str, headers: dict[str, str]) -> None:
    response = get(url, "meta-data/instance-id", headers)
    assert (response.status_code, response.text) == (401, "")


@pytest.mark.parametrize("seconds", ["", "0", "21601", "soon"])
def test_token_ttl_must_be_1_second_to_6_hours(url: str, seconds: str) -> None:
    assert request_token(url, seconds).status_code == 400


def test_token_request_through_a_proxy_returns_403(url: str) -> None:
    headers = {TTL: "60", "X-Forwarded-For": "203.0.113.7"}
    assert requests.put(f"{url}/latest/api/token", headers=headers, timeout=10).status_code == 403


def test_expired_token_returns_401(service: MetadataService) -> None:
    assert service.respond(LOOPBACK, service.create_token(LOOPBACK, 0), "/latest/user-data")[0] == 401


def test_token_of_another_machine_returns_401(service: MetadataService) -> None:
    assert service.respond(LOOPBACK, service.create_token("10.0.0.99", 60), "/latest/user-data")[0] == 401


def test_instance_reads_its_identity(url: str, token: dict[str, str]) -> None:
    assert get(url, "meta-data/instance-id", token).text == "i-0123456789abcdef0"
    assert get(url, "meta-data/placement/region", token).text == "eu-west-1"
    assert get(url, "meta-data/autoscaling/target-lifecycle-state", token).text == "InService"
    assert get(url, "user-data", token).text == "#!/bin/bash\necho ready\n"
    document = get(url, "dynamic/instance-identity/document", token).json()
    assert (document["instanceId"], document["region"]) == ("i-0123456789abcdef0", "eu-west-1")


def test_folders_are_listed_and_dated_versions_accepted(url: str, token: dict[str, str]) -> None:
    listed = requests.get(f"{url}/2021-03-23/meta-data/", headers=token, timeout=10).text.splitlines()
    assert {"instance-id", "iam/", "placement/"} <= set(listed)
    assert requests.get(f"{url}/newest/meta-data/", headers=token, timeout=10).status_code == 404


def test_credentials_are_served_at_the_path_of_the_role(
    url: str, token: dict[str, str], identity: Identity, service: MetadataService
) -> None:
    assert get(url, "meta-data/iam/security-credentials/", token).text == "shop-web"
    credentials = get(url, "meta-data/iam/security-credentials/shop-web", token).json()
    assert credentials["Code"] == "Success"
    assert credentials["AccessKeyId"] == identity.credentials.access_key
    assert {"SecretAccessKey", "Token", "Expiration"} <= set(credentials)
    assert get(url, "meta-data/iam/security-credentials/another", token).status_code == 404
    assert "meta-data/iam/security-credentials/shop-web" in service.paths(LOOPBACK)
    assert "meta-data/iam/security-credentials/another" not in service.paths(LOOPBACK)


def test_repr_hides_credentials(identity: Identity) -> None:
    assert identity.credentials.secret_key not in repr(identity)
    assert identity.credentials.token not in repr(identity)


def test_spot_notice_appears_once_issued(url: str, token: dict[str, str], identity: Identity) -> None:
    assert get(url, "meta-data/spot/instance-action", token).status_code == 404
    identity.issue_spot_notice()
    notice = json.loads(get(url, "meta-data/spot/instance-action", token).text)
    assert notice["action"] == "terminate"


def test_terminating_instance_reads_its_target_state(url: str, token: dict[str, str], identity: Identity) -> None:
    identity.target_state = "Terminated"
    assert get(url, "meta-data/autoscaling/target-lifecycle-state", token).text == "Terminated"
