"""TLS before what speaks none, under names and certificates that clients check."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import boto3
import psycopg
import pytest
from botocore.exceptions import SSLError

from emulator.async_thread import Loop
from emulator.request_recorder import Listener, Witness
from emulator.tls_proxies import Authority, aws_names, postgres_front, tls_front
from workspace.ports import LOOPBACK
from workspace.postgres import Cluster


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def bundle(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("authority") / "ca.pem"
    file.write_text(authority.certificate)
    return file


@pytest.fixture
def loop() -> Iterator[Loop]:
    with Loop() as loop:
        yield loop


def client(service: str, port: int, verify: str | bool) -> object:
    return boto3.client(
        service,
        endpoint_url=f"https://localhost:{port}",
        region_name="us-east-1",
        aws_access_key_id="embedded",
        aws_secret_access_key="embedded",
        verify=verify,
    )


def test_the_names_are_those_of_the_region_and_its_buckets() -> None:
    names = aws_names("eu-west-1", ["clips"])
    assert {"sqs.eu-west-1.amazonaws.com", "clips.s3.eu-west-1.amazonaws.com"} <= set(names)
    assert "clips.s3.amazonaws.com" not in names


def test_s3_of_the_first_region_has_its_old_name_too() -> None:
    assert {"clips.s3.us-east-1.amazonaws.com", "clips.s3.amazonaws.com"} <= set(aws_names("us-east-1", ["clips"]))


def test_aws_answers_behind_it_and_large_objects_pass(
    loop: Loop, authority: Authority, bundle: Path, aws_port: int
) -> None:
    listener = socket.create_server((LOOPBACK, 0))
    port = listener.getsockname()[1]
    witness = Witness()
    with tls_front(loop, listener, authority.server_context(["localhost"]), aws_port, witness):
        s3 = client("s3", port, str(bundle))
        s3.create_bucket(Bucket="front")  # type: ignore[attr-defined]
        body = bytes(range(256)) * 40_000
        s3.put_object(Bucket="front", Key="large", Body=body)  # type: ignore[attr-defined]
        assert s3.get_object(Bucket="front", Key="large")["Body"].read() == body  # type: ignore[attr-defined]
        with pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
            client("s3", port, True).list_buckets()  # type: ignore[attr-defined]
        client("sqs", port, str(bundle)).create_queue(QueueName="front")  # type: ignore[attr-defined]
    asked = [call.what for call in witness.of(LOOPBACK)]
    assert asked == ["PUT /front", "PUT /front/large", "GET /front/large", "AmazonSQS.CreateQueue"]
    assert {call.access_key for call in witness.calls} == {"embedded"}
    assert witness.first(LOOPBACK, "AmazonSQS.CreateQueue") is witness.calls[-1]


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_requests_are_seen_however_they_are_cut(size: int) -> None:
    witness = Witness()
    hear = Listener(witness, "10.0.0.16")
    key = "Authorization: AWS4-HMAC-SHA256 Credential=ASIAROLE/20261123/us-east-1/s3/aws4_request, Signature=0"
    head = f"PUT /clip HTTP/1.1\r\nHost: clips.s3.us-east-1.amazonaws.com\r\n{key}\r\nContent-Length: 4\r\n\r\n"
    stream = (head + "body").encode() * 3
    for start in range(0, len(stream), size):
        hear(stream[start : start + size])
    assert [(call.host, call.what, call.access_key) for call in witness.of("10.0.0.16")] == [
        ("clips.s3.us-east-1.amazonaws.com", "PUT /clip", "ASIAROLE")
    ] * 3


def test_postgres_is_reached_by_tls_and_its_certificate_holds(
    loop: Loop, authority: Authority, bundle: Path, postgres_server: Cluster
) -> None:
    listener = socket.create_server((LOOPBACK, 0))
    port = listener.getsockname()[1]
    url = postgres_server.url("postgres").replace(f":{postgres_server.port}/", f":{port}/")
    with postgres_front(loop, listener, authority.server_context([LOOPBACK]), postgres_server.port):
        with psycopg.connect(url, sslmode="verify-full", sslrootcert=str(bundle)) as connection:
            row = connection.execute("SELECT repeat('x', 1000000)").fetchone()
            assert row is not None and len(row[0]) == 1_000_000
        with pytest.raises(psycopg.OperationalError, match="server closed the connection"):
            psycopg.connect(url, sslmode="disable")


def test_who_connects_while_nothing_answers_behind_is_let_go(loop: Loop, authority: Authority, bundle: Path) -> None:
    gone = socket.create_server((LOOPBACK, 0))
    nobody = gone.getsockname()[1]
    gone.close()
    listener = socket.create_server((LOOPBACK, 0))
    trusting = ssl.create_default_context(cafile=str(bundle))
    with (
        tls_front(loop, listener, authority.server_context(["localhost"]), nobody),
        socket.create_connection(listener.getsockname()) as plain,
        trusting.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        assert connection.recv(1) == b""


def test_a_loop_ends_with_what_it_still_passes_on(authority: Authority, bundle: Path) -> None:
    behind = socket.create_server((LOOPBACK, 0))
    listener = socket.create_server((LOOPBACK, 0))
    trusting = ssl.create_default_context(cafile=str(bundle))
    context, port = authority.server_context(["localhost"]), behind.getsockname()[1]
    with Loop() as loop, tls_front(loop, listener, context, port):
        plain = socket.create_connection(listener.getsockname())
        connection = trusting.wrap_socket(plain, server_hostname="localhost")
        connection.sendall(b"hello")
        accepted, _ = behind.accept()
        assert accepted.recv(5) == b"hello"
    assert not [thread for thread in threading.enumerate() if "run_forever" in thread.name]
    assert connection.recv(1) == b""
    for each in (connection, accepted, behind):
        each.close()
