"""TLS proxies with certificates that clients verify."""

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

from emulator.async_thread import EventLoopThread
from emulator.request_recorder import ConnectionRecorder, RequestRecorder
from emulator.tls_proxies import CertificateAuthority, aws_names, postgres_tls_proxy, tls_proxy
from workspace.ports import LOOPBACK
from workspace.postgres import Cluster


@pytest.fixture(scope="module")
def authority() -> CertificateAuthority:
    return CertificateAuthority()


@pytest.fixture(scope="module")
def bundle(authority: CertificateAuthority, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("authority") / "ca.pem"
    file.write_text(authority.certificate)
    return file


@pytest.fixture
def loop() -> Iterator[EventLoopThread]:
    with EventLoopThread() as loop:
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


def test_names_of_the_region_and_its_buckets() -> None:
    names = aws_names("eu-west-1", ["clips"])
    assert {"sqs.eu-west-1.amazonaws.com", "clips.s3.eu-west-1.amazonaws.com"} <= set(names)


def test_aws_requests_and_large_objects_pass_the_proxy(
    loop: EventLoopThread, authority: CertificateAuthority, bundle: Path, aws_port: int
) -> None:
    listener = socket.create_server((LOOPBACK, 0))
    port = listener.getsockname()[1]
    recorder = RequestRecorder()
    with tls_proxy(loop, listener, authority.server_context(["localhost"]), aws_port, recorder):
        s3 = client("s3", port, str(bundle))
        s3.create_bucket(Bucket="front")  # type: ignore[attr-defined]
        body = bytes(range(256)) * 40_000
        s3.put_object(Bucket="front", Key="large", Body=body)  # type: ignore[attr-defined]
        assert s3.get_object(Bucket="front", Key="large")["Body"].read() == body  # type: ignore[attr-defined]
        with pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
            client("s3", port, True).list_buckets()  # type: ignore[attr-defined]
        client("sqs", port, str(bundle)).create_queue(QueueName="front")  # type: ignore[attr-defined]
    actions = [request.action for request in recorder.of(LOOPBACK)]
    assert actions == ["PUT /front", "PUT /front/large", "GET /front/large", "AmazonSQS.CreateQueue"]
    assert {request.access_key for request in recorder.requests} == {"embedded"}
    assert recorder.first(LOOPBACK, "AmazonSQS.CreateQueue") is recorder.requests[-1]


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_requests_are_recorded_across_chunk_boundaries(size: int) -> None:
    recorder = RequestRecorder()
    record = ConnectionRecorder(recorder, "10.0.0.16")
    key = "Authorization: AWS4-HMAC-SHA256 Credential=ASIAROLE/20261123/us-east-1/s3/aws4_request, Signature=0"
    head = f"PUT /clip HTTP/1.1\r\nHost: clips.s3.us-east-1.amazonaws.com\r\n{key}\r\nContent-Length: 4\r\n\r\n"
    stream = (head + "body").encode() * 3
    for start in range(0, len(stream), size):
        record(stream[start : start + size])
    assert [(each.host, each.action, each.access_key) for each in recorder.of("10.0.0.16")] == [
        ("clips.s3.us-east-1.amazonaws.com", "PUT /clip", "ASIAROLE")
    ] * 3


def test_postgres_requires_tls_with_a_valid_certificate(
    loop: EventLoopThread, authority: CertificateAuthority, bundle: Path, postgres_server: Cluster
) -> None:
    listener = socket.create_server((LOOPBACK, 0))
    port = listener.getsockname()[1]
    url = postgres_server.url("postgres").replace(f":{postgres_server.port}/", f":{port}/")
    with postgres_tls_proxy(loop, listener, authority.server_context([LOOPBACK]), postgres_server.port):
        with psycopg.connect(url, sslmode="verify-full", sslrootcert=str(bundle)) as connection:
            row = connection.execute("SELECT repeat('x', 1000000)").fetchone()
            assert row is not None and len(row[0]) == 1_000_000
        with pytest.raises(psycopg.OperationalError, match="server closed the connection"):
            psycopg.connect(url, sslmode="disable")


def test_connection_closes_if_upstream_is_down(
    loop: EventLoopThread, authority: CertificateAuthority, bundle: Path
) -> None:
    closed = socket.create_server((LOOPBACK, 0))
    closed_port = closed.getsockname()[1]
    closed.close()
    listener = socket.create_server((LOOPBACK, 0))
    client_context = ssl.create_default_context(cafile=str(bundle))
    with (
        tls_proxy(loop, listener, authority.server_context(["localhost"]), closed_port),
        socket.create_connection(listener.getsockname()) as plain,
        client_context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        assert connection.recv(1) == b""


def test_stopping_the_loop_closes_open_connections(authority: CertificateAuthority, bundle: Path) -> None:
    upstream = socket.create_server((LOOPBACK, 0))
    listener = socket.create_server((LOOPBACK, 0))
    client_context = ssl.create_default_context(cafile=str(bundle))
    context, port = authority.server_context(["localhost"]), upstream.getsockname()[1]
    with EventLoopThread() as loop, tls_proxy(loop, listener, context, port):
        plain = socket.create_connection(listener.getsockname())
        connection = client_context.wrap_socket(plain, server_hostname="localhost")
        connection.sendall(b"hello")
        accepted, _ = upstream.accept()
        assert accepted.recv(5) == b"hello"
    assert not [thread for thread in threading.enumerate() if "run_forever" in thread.name]
    assert connection.recv(1) == b""
    for each in (connection, accepted, upstream):
        each.close()
