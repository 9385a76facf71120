"""What stands before the embedded AWS and PostgreSQL: TLS, under the names that AWS gives them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Iterator

import trustme

from emulator.async_thread import Loop, join
from emulator.request_recorder import Listener, Witness
from workspace.ports import LOOPBACK

_Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

# https://www.postgresql.org/docs/16/protocol-message-formats.html
_SSL_REQUEST = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")

_GOODBYE_SECONDS = 1.0
"""How long a client may take to answer that a connection is over."""

_FIRST_REGION = "us-east-1"

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
"""What instances may reach. https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html"""


def aws_names(region: str, buckets: Iterable[str]) -> list[str]:
    """The names of AWS's regional endpoints, and of the buckets in S3."""
    services = [f"{service}.{region}.amazonaws.com" for service in SERVICES]
    s3 = [f"s3.{region}.amazonaws.com"]
    if region == _FIRST_REGION:
        # Its S3 has a name from before there were others, which boto3 still uses.
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
        s3.append("s3.amazonaws.com")
        services.append("s3.amazonaws.com")
    return [*services, *(f"{bucket}.{name}" for bucket in buckets for name in s3)]


class Authority:
    """A certificate authority of one run."""

    def __init__(self) -> None:
        self._authority = trustme.CA(organization_name="boot lane")

    @property
    def certificate(self) -> str:
        """Its own certificate, in PEM."""
        return self._authority.cert_pem.bytes().decode()

    def server_context(self, names: Iterable[str]) -> ssl.SSLContext:
        """What a server needs to be known by these names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*names).configure_cert(context)
        return context


@contextlib.contextmanager
def tls_front(
    loop: Loop, listener: socket.socket, context: ssl.SSLContext, port: int, witness: Witness | None = None
) -> Iterator[None]:
    """Take TLS off and pass every byte on to a port of this machine.

    Args:
        loop: runs it.
        listener: a listening socket.
        context: the certificate.
        port: on loopback.
        witness: sees what is asked.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = writer.get_extra_info("peername")[0]
        await _pass_on(reader, writer, port, Listener(witness, address) if witness else None)

    with _server(loop, serve, listener, context):
        yield


@contextlib.contextmanager
def postgres_front(loop: Loop, listener: socket.socket, context: ssl.SSLContext, port: int) -> Iterator[None]:
    """Speak TLS for a PostgreSQL that was built without it; like RDS with ``rds.force_ssl``, nothing else is taken.

    https://www.postgresql.org/docs/16/protocol-flow.html#PROTOCOL-FLOW-SSL

    Args:
        loop: runs it.
        listener: a listening socket.
        context: the certificate.
        port: PostgreSQL's, on loopback.
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
        await _pass_on(reader, writer, port)

    with _server(loop, serve, listener, None):
        yield


@contextlib.contextmanager
def _server(loop: Loop, serve: _Serve, listener: socket.socket, context: ssl.SSLContext | None) -> Iterator[None]:
    async def start() -> asyncio.Server:
        patience = _GOODBYE_SECONDS if context else None
        return await asyncio.start_server(serve, sock=listener, ssl=context, ssl_shutdown_timeout=patience)

    async def stop(server: asyncio.Server) -> None:
        server.close()

    server = loop.run(start())
    try:
        yield
    finally:
        loop.run(stop(server))


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, hear: Callable[[bytes], None] | None = None
) -> None:
    try:
        far = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        writer.close()
        return
    await join((reader, writer), far, hear=hear)
