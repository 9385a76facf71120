"""What the portal limits, and what it answers where a limit is reached: 429 and when to try again.

The numbers stop machines, not people. Many people share one address (a school, a phone company's NAT), and the
API's clients run load tests from one: what is counted by address is wide, what is counted by account is narrow.
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

# A sign-in that succeeds is given back, so these count failures. NIST SP 800-63B-4, 3.2.2: at most 100 in a row.
SIGN_IN_HERE = Limit("sign-in-here", at_once=20, seconds_each=30)
"""One account from one address: somebody who tries their passwords, or a thief who does."""
SIGN_IN_ACCOUNT = Limit("sign-in-account", at_once=100, seconds_each=36)
"""One account from everywhere: guesses spread over many addresses. Wider, or strangers could lock the owner out."""
SIGN_IN_ADDRESS = Limit("sign-in-address", at_once=300, seconds_each=1)
"""One address, all accounts: a leaked list tried out. A whole school that forgot its passwords stays below."""
SIGN_UP = Limit("sign-up", at_once=600, seconds_each=1)
"""Accounts from one address: a load test makes some hundreds; without a limit, hashing would take both cores."""
PASSWORD = Limit("password", at_once=10, seconds_each=60)
"""Wrong current passwords at a change: a stolen session may not be used to guess."""
UPLOAD = Limit("upload", at_once=120, seconds_each=2)
"""Uploads begun by one account: a worker takes some 25 seconds for each, so this is far above what is processed."""
VOTE = Limit("vote", at_once=200, seconds_each=0.05)
"""Votes of one account in one process, right ones and others; beside it, one person has one vote for a video."""

_MOST_VOTERS = 20_000

log = get_logger(__name__)


class LimitReached(ApiError):
    """Something was done too often.

    Args:
        seconds: after which it may be tried again.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__(HTTPStatus.TOO_MANY_REQUESTS, TOO_MANY)
        self.seconds = seconds
        # Whoever answers, the form's page or the handler of errors, the header goes with it.
        g.retry_after = seconds


def register(app: Flask) -> None:
    """Let an application's answers tell when to try again."""

    @app.after_request
    def tell(response: Response) -> Response:
        if response.status_code == HTTPStatus.TOO_MANY_REQUESTS and "retry_after" in g:
            response.headers["Retry-After"] = str(g.retry_after)
        return response


@dataclass(frozen=True)
class Attempt:
    """Something that was tried and counted; what succeeds is given back."""

    taken: tuple[tuple[Limit, str], ...]

    def succeed(self, connection: Connection) -> None:
        """Count it no longer."""
        for limit, subject in self.taken:
            refund(connection, limit, subject)


def attempt(connection: Connection, *wanted: tuple[Limit, str]) -> Attempt:
    """Count something that is tried, before it is known how it ends.

    Args:
        connection: in AUTOCOMMIT.
        wanted: the limits and whom each is counted for.

    Raises:
        LimitReached: one of them is used up.
    """
    for limit, subject in wanted:
        seconds = consume(connection, limit, subject)
        if seconds:
            log.warning("limit reached", limit=limit.name, seconds=seconds, address=request.remote_addr)
            raise LimitReached(seconds)
    return Attempt(wanted)


def attempt_sign_in(connection: Connection, account: str) -> Attempt:
    """Count an attempt to sign in.

    Args:
        account: the account's id, or the address that none has.

    Raises:
        LimitReached: there were too many.
    """
    account = hashlib.sha256(account.encode()).hexdigest()[:32]
    here = network()
    return attempt(
        connection,
        (SIGN_IN_HERE, f"{account}@{here}"),
        (SIGN_IN_ACCOUNT, account),
        (SIGN_IN_ADDRESS, here),
    )


def count_upload(user_id: int) -> None:
    """Count an upload that begins.

    Raises:
        LimitReached: the account began too many.
    """
    with statements() as connection:
        attempt(connection, (UPLOAD, str(user_id)))


def network() -> str:
    """What the request's address counts as: an IPv4 address itself, of an IPv6 address the network of one customer."""
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
    """Counts votes in this process alone: they are the hot path, and another round trip for each is too dear."""

    def __init__(self) -> None:
        self._free_at: dict[int, float] = {}
        self._lock = threading.Lock()

    def check(self, user_id: int) -> None:
        """Count a vote.

        Raises:
            LimitReached: the account votes faster than people do.
        """
        now = time.monotonic()
        with self._lock:
            if len(self._free_at) > _MOST_VOTERS:
                self._free_at = {voter: free_at for voter, free_at in self._free_at.items() if free_at > now}
            free_at = max(self._free_at.get(user_id, now), now)
            wait = free_at - now - (VOTE.at_once - 1) * VOTE.seconds_each
            if wait <= 0:
                self._free_at[user_id] = free_at + VOTE.seconds_each
                return
        log.warning("limit reached", limit=VOTE.name, user_id=user_id)
        raise LimitReached(1)
