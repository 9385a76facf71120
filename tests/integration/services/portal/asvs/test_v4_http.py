"""ASVS 5.0, chapter 4: forged proxy headers and request smuggling."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Engine

from services.environment import PortalEnvironment
from services.portal.http import limits

from ..process import PortalProcess
from ..site import PortalSite
from ..test_limits import exhaust_limit

LOGIN = {"email": "unknown@example.com", "password": "a wrong guess"}
SMUGGLED = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.asvs("15.3.4")
@pytest.mark.parametrize(("hops", "client_address"), [(0, "192.0.2.1"), (1, "203.0.113.9"), (2, "203.0.113.9")])
def test_forged_forwarded_address_does_not_evade_limits(
    start_app: Callable[[PortalEnvironment], Flask],
    portal_environment: PortalEnvironment,
    engine: Engine,
    hops: int,
    client_address: str,
) -> None:
    """Our proxies append the address of their client to the header that it sent."""
    client = start_app(dataclasses.replace(portal_environment, proxy_hops=hops)).test_client()
    exhaust_limit(engine, limits.SIGN_IN_ADDRESS, client_address)
    for forged in ("198.51.100.7", "127.0.0.1", "", "2001:db8::1, 198.51.100.7", "x"):
        forwarded = ", ".join(address for address in (forged, client_address, "10.0.0.7")[: hops + 1] if address)
        headers = {"X-Forwarded-For": forwarded, "X-Real-IP": forged, "Forwarded": f"for={forged}"}
        answer = client.post(
            "/api/auth/login", json=LOGIN, headers=headers, environ_overrides={"REMOTE_ADDR": "192.0.2.1"}
        )
        assert answer.status_code == 429, forged


@pytest.mark.asvs("4.1.3")
def test_other_proxy_headers_are_ignored(
    start_app: Callable[[PortalEnvironment], Flask], portal_environment: PortalEnvironment
) -> None:
    client = start_app(dataclasses.replace(portal_environment, proxy_hops=1)).test_client()
    plain = client.get("/login")
    for name in ("X-Forwarded-Host", "X-Forwarded-Prefix", "X-Forwarded-Port", "X-Original-URL", "X-Rewrite-URL"):
        forged = client.get("/login", headers={name: "/evil"})
        assert (forged.status_code, forged.text) == (plain.status_code, plain.text), name


def send_raw(portal: PortalProcess, request: bytes) -> bytes:
    """Send raw bytes; return everything until the portal closes the connection."""
    port = int(portal.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        response = b""
        while received := connection.recv(65_536):
            response += received
    return response


AMBIGUOUS_HEADERS = {
    "length and chunked": b"Content-Length: 4\r\nTransfer-Encoding: chunked",
    "chunked and length": b"Transfer-Encoding: chunked\r\nContent-Length: 4",
    "two lengths": b"Content-Length: 0\r\nContent-Length: 40",
    "a list of lengths": b"Content-Length: 0, 40",
    "a length with a sign": b"Content-Length: +5",
    "a length below nothing": b"Content-Length: -1",
    "a length in hexadecimal": b"Content-Length: 0x5",
    "an unknown coding": b"Transfer-Encoding: xchunked",
    "chunked before another": b"Transfer-Encoding: chunked, identity",
    "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "a space before the colon": b"Transfer-Encoding : chunked",
    "a folded line": b"Content-Length: 0\r\n 40",
    "a NUL in a value": b"Content-Length: 0\x00",
    "a bare carriage return": b"X: a\rContent-Length: 40",
}


@pytest.mark.asvs("4.2.1")
def test_ambiguous_body_lengths_are_rejected(site: PortalSite) -> None:
    portal = site.portal
    # Control: with an unambiguous length the second request gets a response.
    response = send_raw(portal, b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}" + SMUGGLED)
    assert response.count(b"HTTP/1.1 ") == 2 and b"healthy" in response
    for name, headers in AMBIGUOUS_HEADERS.items():
        response = send_raw(
            portal, b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n\r\n0\r\n\r\n" + SMUGGLED
        )
        assert response.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 ")), (name, response)
        assert response.count(b"HTTP/1.1 ") == 1 and b"healthy" not in response, (name, response)
