"""Sign-ins in a second, beside the hashes that the same cores can make."""

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
class SignIns:
    """Sign-ins.

    Args:
        portal: in a second, over HTTP.
        hashes: checked in a second by two threads that do nothing else.
        p95: of the answers, in seconds.
        refused: answers that were no token.
    """

    portal: float
    hashes: float
    p95: float
    refused: int


def measure(site: BenchmarkSite, pool: ProcessPoolExecutor, *, seconds: float, told: Callable[[str], None]) -> SignIns:
    """Sign in as many people, each from an address of their own; then only check passwords."""
    told("portal")
    people = random.Random(2).sample(range(1, site.size.users + 1), min(site.size.users, 5000))
    requests = [
        client.request(
            "POST",
            "/api/auth/login",
            address=f"198.19.{number // 250 % 250}.{number % 250}",
            body=json.dumps({"email": f"person{person}@example.com", "password": PASSWORD}).encode(),
        )
        for number, person in enumerate(people)
    ]
    load = LoadGenerator(port=site.port, requests=requests, connections=8, seconds=seconds)
    outcome = client.start(pool, load).result()
    told("Argon2id alone")
    return SignIns(
        portal=outcome.rate(200),
        hashes=_hashes(seconds / 2),
        p95=outcome.latency(0.95),
        refused=sum(outcome.statuses.values()) - outcome.statuses[200],
    )


def table(found: SignIns) -> str:
    """The rates and their ratio as Markdown."""
    rates = f"{found.portal:.1f} | {found.hashes:.1f} | {found.portal / found.hashes:.2f}"
    return "\n".join(
        [
            "| Sign-ins in a second | Argon2id alone, two threads | of it | p95 |",
            "| ---: | ---: | ---: | ---: |",
            f"| {rates} | {found.p95 * 1e3:.0f} ms |",
            "",
            f"8 connections; {found.refused} were refused.",
        ]
    )


def _hashes(seconds: float) -> float:
    stored = hash_password(PASSWORD)
    end = time.perf_counter() + seconds

    def check() -> int:
        done = 0
        while time.perf_counter() < end:
            assert password_matches(stored, PASSWORD)
            done += 1
        return done

    with ThreadPoolExecutor(_THREADS) as threads:
        return sum(threads.map(lambda _: check(), range(_THREADS))) / seconds
