"""Rate limits; a request above a limit gets 429 and Retry-After.

The limits stop scripts, not people. Many people share one address (a school, a mobile carrier's NAT), and clients of
the API run load tests from one, so limits for an address are high and limits for an account are low.
"""

from __future__ import annotations

import hashlib
import ipaddress
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus

from flask import Flask, Response, g, request
from sqlalchemy import Connection

from services.portal.database import statements
from services.portal.http.errors import ApiError
from services.shared.rate_limits import Limit, consume, refund
from services.shared.telemetry import get_logger

TOO_MANY = "Too many requests, try again later"

# A successful sign-in is refunded, so these count failures. NIST SP 800-63B-4, 3.2.2: at most 100 in a row.
SIGN_IN_HERE = Limit("sign-in-here", at_once=20, seconds_each=30)
"""Sign-ins to one account from one address: a person who tries several passwords, or an attacker."""
SIGN_IN_ACCOUNT = Limit("sign-in-account", at_once=100, seconds_each=36)
"""Sign-ins to one account from all addresses: distributed guessing. Higher, or attackers could lock the owner out."""
SIGN_IN_ADDRESS = Limit("sign-in-address", at_once=300, seconds_each=1)
"""Sign-ins to all accounts from one address: credential stuffing. High enough for a whole school."""
SIGN_UP = Limit("sign-up", at_once=600, seconds_each=1)
"""Sign-ups from one address: a load test creates some hundreds; unlimited hashing would use all cores."""
PASSWORD = Limit("password", at_once=10, seconds_each=60)
"""Wrong current passwords of one account: a stolen session must not allow guessing."""
UPLOAD = Limit("upload", at_once=120, seconds_each=2)
"""Uploads started by one account: far above the processing rate, as a worker takes some 25 seconds for each."""
VOTE = Limit("vote", at_once=200, seconds_each=0.05)
"""Votes and retractions of one account in one process, accepted or not."""

_MAX_VOTERS = 20_000

log = get_logger(__name__)


class LimitReached(ApiError):
    """A rate limit is reached.

    Args:
        seconds: Time until the next attempt is allowed.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__(HTTPStatus.TOO_MANY_REQUESTS, TOO_MANY)
        self.seconds = seconds
        # The after_request hook adds the header, whether a page or the error handler creates the response.
        g.retry_after = seconds


def register(app: Flask) -> None:
    """Add Retry-After to an application's responses with status 429."""

    @app.after_request
    def add_retry_after(response: Response) -> Response:
        if response.status_code == HTTPStatus.TOO_MANY_REQUESTS and "retry_after" in g:
            response.headers["Retry-After"] = str(g.retry_after)
        return response


@dataclass(frozen=True)
class Attempt:
    """A counted attempt, which is refunded if it succeeds.

    Args:
        consumed: Limits and the subject that each was counted for.
    """

    consumed: tuple[tuple[Limit, str], ...]

    def succeed(self, connection: Connection) -> None:
        """Refund the attempt."""
        for limit, subject in self.consumed:
            refund(connection, limit, subject)


def attempt(connection: Connection, *counted: tuple[Limit, str]) -> Attempt:
    """Count an attempt, before its result is known.

    Args:
        connection: Connection in AUTOCOMMIT mode.
        counted: Limits and the subject that each is counted for.

    Raises:
        LimitReached: one of the limits is reached.
    """
    for limit, subject in counted:
        seconds = consume(connection, limit, subject)
        if seconds:
            log.warning("limit reached", limit=limit.name, seconds=seconds, address=request.remote_addr)
            raise LimitReached(seconds)
    return Attempt(counted)


def attempt_sign_in(connection: Connection, account: str) -> Attempt:
    """Count an attempt to sign in.

    Args:
        account: Id of the account, or the unknown email address.

    Raises:
        LimitReached: there were too many failed attempts.
    """
    account = hashlib.sha256(account.encode()).hexdigest()[:32]
    client = network()
    return attempt(
        connection,
        (SIGN_IN_HERE, f"{account}@{client}"),
        (SIGN_IN_ACCOUNT, account),
        (SIGN_IN_ADDRESS, client),
    )


def count_upload(user_id: int) -> None:
    """Count the start of an upload.

    Raises:
        LimitReached: the account started too many uploads.
    """
    with statements() as connection:
        attempt(connection, (UPLOAD, str(user_id)))


def network() -> str:
    """Return the subject of limits for an address: the IPv4 address, or the /64 network of an IPv6 address."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
        address = address.ipv4_mapped
    return str(address)


class VoteLimiter:
    """Limits votes in this process alone: votes are the hot path, and a round trip for each is too expensive."""

    def __init__(self) -> None:
        self._free_at: dict[int, float] = {}
        self._lock = threading.Lock()

    def check(self, user_id: int) -> None:
        """Count a vote or a retraction.

        Raises:
            LimitReached: the account votes faster than people do.
        """
        now = time.monotonic()
        with self._lock:
            if len(self._free_at) > _MAX_VOTERS:
                self._free_at = {voter: free_at for voter, free_at in self._free_at.items() if free_at > now}
            free_at = max(self._free_at.get(user_id, now), now)
            wait = free_at - now - (VOTE.at_once - 1) * VOTE.seconds_each
            if wait <= 0:
                self._free_at[user_id] = free_at + VOTE.seconds_each
                return
        log.warning("limit reached", limit=VOTE.name, user_id=user_id)
        raise LimitReached(1)
