"""Logins per second, compared with the password hashes per second of the same cores."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks.load import client
from benchmarks.load.client import LoadGenerator
from benchmarks.load.site import PASSWORD, BenchmarkSite
from services.portal.accounts.passwords import hash_password, password_matches

_THREADS = 2


@dataclass(frozen=True, kw_only=True)
class LoginTimings:
    """Login rates.

    Args:
        portal: logins per second over HTTP.
        hashes: hashes checked per second by two threads.
        p95: 95th percentile of the latency, in seconds.
        refused: number of responses without a token.
    """

    portal: float
    hashes: float
    p95: float
    refused: int


def measure(
    site: BenchmarkSite, pool: ProcessPoolExecutor, *, seconds: float, on_progress: Callable[[str], None]
) -> LoginTimings:
    """Log in many users from different addresses; then check passwords without the portal."""
    on_progress("portal")
    users = random.Random(2).sample(range(1, site.size.users + 1), min(site.size.users, 5000))
    requests = [
        client.request(
            "POST",
            "/api/auth/login",
            address=f"198.19.{number // 250 % 250}.{number % 250}",
            body=json.dumps({"email": f"person{user}@example.com", "password": PASSWORD}).encode(),
        )
        for number, user in enumerate(users)
    ]
    load = LoadGenerator(port=site.port, requests=requests, connections=8, seconds=seconds)
    outcome = client.start(pool, load).result()
    on_progress("Argon2id alone")
    return LoginTimings(
        portal=outcome.rate(200),
        hashes=_measure_hashes(seconds / 2),
        p95=outcome.latency(0.95),
        refused=sum(outcome.statuses.values()) - outcome.statuses[200],
    )


def render_table(timings: LoginTimings) -> str:
    """Render the rates and their ratio as Markdown."""
    rates = f"{timings.portal:.1f} | {timings.hashes:.1f} | {timings.portal / timings.hashes:.2f}"
    return "\n".join(
        [
            "| Logins per second | Argon2id alone, two threads | ratio | p95 |",
            "| ---: | ---: | ---: | ---: |",
            f"| {rates} | {timings.p95 * 1e3:.0f} ms |",
            "",
            f"8 connections; {timings.refused} were refused.",
        ]
    )


def _measure_hashes(seconds: float) -> float:
    stored = hash_password(PASSWORD)
    end = time.perf_counter() + seconds

    def check() -> int:
        checked = 0
        while time.perf_counter() < end:
            assert password_matches(stored, PASSWORD)
            checked += 1
        return checked

    with ThreadPoolExecutor(_THREADS) as threads:
        return sum(threads.map(lambda _: check(), range(_THREADS))) / seconds
