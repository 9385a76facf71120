"""Rankings and gallery while votes come in: how many in a second, and how long people wait."""

from __future__ import annotations

import http.client
import random
import urllib.parse
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import psycopg

from benchmarks.load import client, original, voting
from benchmarks.load.client import LoadGenerator, RequestOutcome
from benchmarks.load.pgbench import PgbenchRun
from benchmarks.load.site import BenchmarkSite
from benchmarks.load.targets import Goal

_CITY = "Medellín"
_ARRIVING = 20
"""Requests that arrive in a second while the waiting is measured."""
_VOTES = 50
"""Votes that arrive in a second meanwhile."""
_HURRIED = 8
ORIGINAL = "original's ranking, in SQL alone"
GOAL_SECONDS = 0.020


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One list.

    Args:
        what: it is.
        waits: of its readers, who arrive in a steady stream.
        hurried: with eight clients that ask again as soon as they are answered.
        counts: whether it is a ranking, of which the goal speaks.
    """

    what: str
    waits: RequestOutcome
    hurried: RequestOutcome
    counts: bool


@dataclass(frozen=True, kw_only=True)
class Readings:
    """All lists.

    Args:
        lists: of the portal.
        original: seconds that each of the original's rankings takes, by name.
    """

    lists: list[Reading]
    original: dict[str, float]

    @property
    def goals(self) -> list[Goal]:
        """What is wanted of them."""
        worst = max((each for each in self.lists if each.counts), key=lambda each: each.waits.latency(0.95))
        p95 = worst.waits.latency(0.95)
        return [
            Goal(
                wanted=f"Every ranking: p95 below {GOAL_SECONDS * 1e3:.0f} ms while votes come in",
                found=f"{p95 * 1e3:.1f} ms at the most ({worst.what})",
                met=p95 < GOAL_SECONDS,
            )
        ]


def measure(site: BenchmarkSite, pool: ProcessPoolExecutor, *, seconds: float, told: Callable[[str], None]) -> Readings:
    """Read every list while votes come in, then ask the database for the original's ranking."""
    city = urllib.parse.quote(_CITY)
    dice = random.Random(3)
    voters = voting.requests_for(site, range(1, site.size.videos + 1), dice)
    players = [client.request("GET", "/api/user/standings", token=token) for token in site.tokens[:2000]]
    deep = _deep(site)
    lists = {
        "ranking, page 1": ([client.request("GET", "/api/public/rankings")], True),
        "ranking of a city, page 1": ([client.request("GET", f"/api/public/rankings?city={city}")], True),
        "ranking, deep, by cursor": ([client.request("GET", deep)], True),
        "own standings": (players, True),
        "gallery, 50": ([client.request("GET", "/api/public/videos?per_page=50")], False),
        "gallery, 500": ([client.request("GET", "/api/public/videos")], False),
    }
    found = []
    for what, (requests, counts) in lists.items():
        told(what)
        outcomes = []
        for hurried in (False, True):
            dice.shuffle(voters)
            votes = LoadGenerator(port=site.port, requests=voters, connections=10, seconds=seconds, every=10 / _VOTES)
            reads = LoadGenerator(
                port=site.port,
                requests=requests,
                connections=_HURRIED if hurried else _ARRIVING,
                seconds=seconds,
                every=None if hurried else 1.0,
            )
            background = client.start(pool, votes)
            outcomes.append(client.start(pool, reads).result())
            background.result()
        found.append(Reading(what=what, waits=outcomes[0], hurried=outcomes[1], counts=counts))
    return Readings(lists=found, original=_originals(site, seconds=seconds, told=told))


def table(readings: Readings) -> str:
    """Rates and waits as Markdown."""
    lines = ["| | p50, ms | p95, ms | p99, ms | in a second, at most |", "| --- | ---: | ---: | ---: | ---: |"]
    for each in readings.lists:
        waits = " | ".join(f"{each.waits.latency(share) * 1e3:.1f}" for share in (0.5, 0.95, 0.99))
        lines.append(f"| {each.what} | {waits} | {each.hurried.rate(200):,.0f} |")
    for name, seconds in readings.original.items():
        lines.append(f"| {name} | {seconds * 1e3:.0f} | | | {1 / seconds:,.0f} |")
    return "\n".join(
        [
            *lines,
            "",
            (
                f"Waits while {_ARRIVING} requests and {_VOTES} votes arrive in a second; rates with {_HURRIED} "
                "connections that never pause. The original's are the mean time of its statement alone, one at a time."
            ),
        ]
    )


def _deep(site: BenchmarkSite) -> str:
    """The address of a page in the middle of the ranking, found as people find it: by the link of a page before."""
    with psycopg.connect(site.database_url) as connection:
        row = connection.execute("SELECT count(*) FROM videos WHERE is_open AND votes_count > 0").fetchone()
    assert row is not None
    page = max(1, int(row[0]) // 2 // 50)
    asking = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    asking.request("GET", f"/api/public/rankings?page={page}")
    link = asking.getresponse().getheader("Link") or "</api/public/rankings>"
    asking.close()
    return link[1 : link.index(">")]


def _originals(site: BenchmarkSite, *, seconds: float, told: Callable[[str], None]) -> dict[str, float]:
    found = {}
    pgbench = PgbenchRun(url=site.database_url, clients=1, seconds=seconds)
    for name, in_city in {"all": "", "of a city": f"AND u.city ILIKE '%{_CITY}%'"}.items():
        told(f"{ORIGINAL}, {name}")
        found[f"{ORIGINAL}, {name}"] = 1 / pgbench.rate(original.RANKING.format(in_city=in_city))
    return found
