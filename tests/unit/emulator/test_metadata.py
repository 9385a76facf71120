"""Instance metadata as EC2 serves it, asked over HTTP."""

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
        service.introduce(identity)
        yield service


@pytest.fixture
def url(service: MetadataService) -> str:
    return f"http://{LOOPBACK}:{service.port}"


def session(url: str, seconds: str = "60") -> requests.Response:
    return requests.put(f"{url}/latest/api/token", headers={TTL: seconds}, timeout=10)


@pytest.fixture
def token(url: str) -> dict[str, str]:
    answer = session(url)
    assert answer.status_code == 200
    assert answer.headers[TTL] == "60"
    return {TOKEN: answer.text}


def ask(url: str, path: str, headers: dict[str, str]) -> requests.Response:
    return requests.get(f"{url}/latest/{path}", headers=headers, timeout=10)


@pytest.mark.parametrize("headers", [{}, {TOKEN: "made-up"}])
def test_without_a_token_nothing_is_said(url: str, headers: dict[str, str]) -> None:
    answer = ask(url, "meta-data/instance-id", headers)
    assert (answer.status_code, answer.text) == (401, "")


@pytest.mark.parametrize("seconds", ["", "0", "21601", "soon"])
def test_a_token_lasts_from_a_second_to_six_hours(url: str, seconds: str) -> None:
    assert session(url, seconds).status_code == 400


def test_nobody_gets_a_token_through_a_proxy(url: str) -> None:
    headers = {TTL: "60", "X-Forwarded-For": "203.0.113.7"}
    assert requests.put(f"{url}/latest/api/token", headers=headers, timeout=10).status_code == 403


def test_a_token_that_has_run_out_is_no_token(service: MetadataService) -> None:
    assert service.answer(LOOPBACK, service.token(LOOPBACK, 0), "/latest/user-data")[0] == 401


def test_a_token_of_another_machine_is_no_token(service: MetadataService) -> None:
    assert service.answer(LOOPBACK, service.token("10.0.0.99", 60), "/latest/user-data")[0] == 401


def test_an_instance_is_told_who_and_where_it_is(url: str, token: dict[str, str]) -> None:
    assert ask(url, "meta-data/instance-id", token).text == "i-0123456789abcdef0"
    assert ask(url, "meta-data/placement/region", token).text == "eu-west-1"
    assert ask(url, "meta-data/autoscaling/target-lifecycle-state", token).text == "InService"
    assert ask(url, "user-data", token).text == "#!/bin/bash\necho ready\n"
    document = ask(url, "dynamic/instance-identity/document", token).json()
    assert (document["instanceId"], document["region"]) == ("i-0123456789abcdef0", "eu-west-1")


def test_folders_are_listed_and_dated_versions_known(url: str, token: dict[str, str]) -> None:
    listed = requests.get(f"{url}/2021-03-23/meta-data/", headers=token, timeout=10).text.splitlines()
    assert {"instance-id", "iam/", "placement/"} <= set(listed)
    assert requests.get(f"{url}/newest/meta-data/", headers=token, timeout=10).status_code == 404


def test_credentials_come_from_the_path_of_the_role(
    url: str, token: dict[str, str], identity: Identity, service: MetadataService
) -> None:
    assert ask(url, "meta-data/iam/security-credentials/", token).text == "shop-web"
    given = ask(url, "meta-data/iam/security-credentials/shop-web", token).json()
    assert given["Code"] == "Success"
    assert given["AccessKeyId"] == identity.credentials.access_key
    assert {"SecretAccessKey", "Token", "Expiration"} <= set(given)
    assert ask(url, "meta-data/iam/security-credentials/another", token).status_code == 404
    assert "meta-data/iam/security-credentials/shop-web" in service.paths(LOOPBACK)
    assert "meta-data/iam/security-credentials/another" not in service.paths(LOOPBACK)


def test_credentials_are_not_shown_by_repr(identity: Identity) -> None:
    assert identity.credentials.secret_key not in repr(identity)
    assert identity.credentials.token not in repr(identity)


def test_a_spot_notice_appears_when_there_is_one(url: str, token: dict[str, str], identity: Identity) -> None:
    assert ask(url, "meta-data/spot/instance-action", token).status_code == 404
    identity.spot_notice()
    notice = json.loads(ask(url, "meta-data/spot/instance-action", token).text)
    assert notice["action"] == "terminate"


def test_a_leaving_instance_reads_it(url: str, token: dict[str, str], identity: Identity) -> None:
    identity.target_state = "Terminated"
    assert ask(url, "meta-data/autoscaling/target-lifecycle-state", token).text == "Terminated"
