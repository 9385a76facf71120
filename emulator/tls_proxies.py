"""TLS proxies in front of the AWS emulator and PostgreSQL, under AWS's host names."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Iterator

import trustme

from emulator.async_thread import EventLoopThread, relay
from emulator.request_recorder import ConnectionRecorder, RequestRecorder
from workspace.ports import LOOPBACK

_Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

# https://www.postgresql.org/docs/16/protocol-message-formats.html
_SSL_REQUEST = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")

_SSL_SHUTDOWN_SECONDS = 1.0
"""Seconds to wait for a client's TLS close notification."""

SERVICES = (
    "autoscaling",
    "ec2",
    "logs",
    "monitoring",
    "s3",
    "secretsmanager",
    "sqs",
    "ssm",
    "sts",
)
"""Services that instances can reach. https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html"""


def aws_names(region: str, buckets: Iterable[str]) -> list[str]:
    """Return the host names of AWS's regional endpoints and of the buckets in S3."""
    services = [f"{service}.{region}.amazonaws.com" for service in SERVICES]
    return [*services, *(f"{bucket}.s3.{region}.amazonaws.com" for bucket in buckets)]


class CertificateAuthority:
    """Certificate authority of one run."""

    def __init__(self) -> None:
        self._authority = trustme.CA(organization_name="AWS emulator")

    @property
    def certificate(self) -> str:
        """Certificate of the authority, in PEM."""
        return self._authority.cert_pem.bytes().decode()

    def server_context(self, names: Iterable[str]) -> ssl.SSLContext:
        """Issue a certificate for these names and return the server's TLS context."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*names).configure_cert(context)
        return context


@contextlib.contextmanager
def tls_proxy(
    loop: EventLoopThread,
    listener: socket.socket,
    context: ssl.SSLContext,
    port: int,
    recorder: RequestRecorder | None = None,
) -> Iterator[None]:
    """Terminate TLS and forward all bytes to a port on loopback.

    Args:
        loop: Event loop that runs the proxy.
        listener: Listening socket.
        context: TLS context with the certificate.
        port: Upstream port on loopback.
        recorder: Records the requests. Default: none.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = writer.get_extra_info("peername")[0]
        await _forward(reader, writer, port, ConnectionRecorder(recorder, address) if recorder else None)

    with _server(loop, serve, listener, context):
        yield


@contextlib.contextmanager
def postgres_tls_proxy(
    loop: EventLoopThread, listener: socket.socket, context: ssl.SSLContext, port: int
) -> Iterator[None]:
    """Terminate TLS for a PostgreSQL built without it; plaintext is rejected, like RDS with ``rds.force_ssl``.

    https://www.postgresql.org/docs/16/protocol-flow.html#PROTOCOL-FLOW-SSL

    Args:
        loop: Event loop that runs the proxy.
        listener: Listening socket.
        context: TLS context with the certificate.
        port: Port of PostgreSQL on loopback.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            first = await reader.readexactly(len(_SSL_REQUEST))
            if first != _SSL_REQUEST:
                writer.close()
                return
            writer.write(b"S")
            await writer.start_tls(context)
        except (OSError, asyncio.IncompleteReadError):
            writer.close()
            return
        await _forward(reader, writer, port)

    with _server(loop, serve, listener, None):
        yield


@contextlib.contextmanager
def _server(
    loop: EventLoopThread, serve: _Serve, listener: socket.socket, context: ssl.SSLContext | None
) -> Iterator[None]:
    async def start() -> asyncio.Server:
        timeout = _SSL_SHUTDOWN_SECONDS if context else None
        return await asyncio.start_server(serve, sock=listener, ssl=context, ssl_shutdown_timeout=timeout)

    async def stop(server: asyncio.Server) -> None:
        server.close()

    server = loop.run(start())
    try:
        yield
    finally:
        loop.run(stop(server))


async def _forward(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    port: int,
    on_data: Callable[[bytes], None] | None = None,
) -> None:
    try:
        upstream = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        writer.close()
        return
    await relay((reader, writer), upstream, on_data=on_data)
