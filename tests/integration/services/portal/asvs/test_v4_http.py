"""ASVS 5.0, chapter 4: what a proxy alone may say, and requests that two servers could read in two ways."""

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
from ..test_limits import use_up

LOGIN = {"email": "nobody@example.com", "password": "a wrong guess"}
SMUGGLED = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.asvs("15.3.4")
@pytest.mark.parametrize(("hops", "seen"), [(0, "192.0.2.1"), (1, "203.0.113.9"), (2, "203.0.113.9")])
def test_an_address_made_up_by_the_client_does_not_change_what_it_counts_as(
    start_app: Callable[[PortalEnvironment], Flask],
    portal_environment: PortalEnvironment,
    engine: Engine,
    hops: int,
    seen: str,
) -> None:
    """A proxy of ours adds the address that it saw behind whatever the client wrote."""
    client = start_app(dataclasses.replace(portal_environment, proxy_hops=hops)).test_client()
    use_up(engine, limits.SIGN_IN_ADDRESS, seen)
    for made_up in ("198.51.100.7", "127.0.0.1", "", "2001:db8::1, 198.51.100.7", "x"):
        forwarded = ", ".join(address for address in (made_up, seen, "10.0.0.7")[: hops + 1] if address)
        headers = {"X-Forwarded-For": forwarded, "X-Real-IP": made_up, "Forwarded": f"for={made_up}"}
        answer = client.post(
            "/api/auth/login", json=LOGIN, headers=headers, environ_overrides={"REMOTE_ADDR": "192.0.2.1"}
        )
        assert answer.status_code == 429, made_up


@pytest.mark.asvs("4.1.3")
def test_no_other_header_of_a_proxy_is_believed(
    start_app: Callable[[PortalEnvironment], Flask], portal_environment: PortalEnvironment
) -> None:
    client = start_app(dataclasses.replace(portal_environment, proxy_hops=1)).test_client()
    plain = client.get("/login")
    for name in ("X-Forwarded-Host", "X-Forwarded-Prefix", "X-Forwarded-Port", "X-Original-URL", "X-Rewrite-URL"):
        forged = client.get("/login", headers={name: "/evil"})
        assert (forged.status_code, forged.text) == (plain.status_code, plain.text), name


def say(portal: PortalProcess, request: bytes) -> bytes:
    """All that a portal answers to some bytes, until it closes the connection."""
    port = int(portal.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        told = b""
        while received := connection.recv(65_536):
            told += received
    return told


TWO_WAYS = {
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
def test_a_request_whose_end_is_not_certain_is_refused_with_what_follows(site: PortalSite) -> None:
    portal = site.portal
    # The same bytes with an end that is certain: a second answer would be seen.
    told = say(portal, b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}" + SMUGGLED)
    assert told.count(b"HTTP/1.1 ") == 2 and b"healthy" in told
    for what, headers in TWO_WAYS.items():
        told = say(portal, b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n\r\n0\r\n\r\n" + SMUGGLED)
        assert told.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 ")), (what, told)
        assert told.count(b"HTTP/1.1 ") == 1 and b"healthy" not in told, (what, told)
