"""Throughput and latency of rankings and gallery during voting."""

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
from benchmarks.load.targets import TargetResult

_CITY = "Medellín"
_READS_PER_SECOND = 20
"""Rate of requests while the latency is measured."""
_VOTES_PER_SECOND = 50
"""Rate of votes in the background."""
_SATURATING_CLIENTS = 8
ORIGINAL = "original's ranking, SQL only"
TARGET_SECONDS = 0.020


@dataclass(frozen=True, kw_only=True)
class ListTimings:
    """Results of one list.

    Args:
        name: name of the list.
        steady: outcome at a constant rate of requests.
        saturated: outcome with eight clients that send without pause.
        has_target: whether the latency target applies.
    """

    name: str
    steady: RequestOutcome
    saturated: RequestOutcome
    has_target: bool


@dataclass(frozen=True, kw_only=True)
class RankingTimings:
    """Results of all lists.

    Args:
        lists: lists of the portal.
        original: seconds of each of the original's rankings, by name.
    """

    lists: list[ListTimings]
    original: dict[str, float]

    @property
    def targets(self) -> list[TargetResult]:
        """Targets of the rankings."""
        worst = max((item for item in self.lists if item.has_target), key=lambda item: item.steady.latency(0.95))
        p95 = worst.steady.latency(0.95)
        return [
            TargetResult(
                description=f"Every ranking: p95 below {TARGET_SECONDS * 1e3:.0f} ms during voting",
                measured=f"{p95 * 1e3:.1f} ms at most ({worst.name})",
                met=p95 < TARGET_SECONDS,
            )
        ]


def measure(
    site: BenchmarkSite, pool: ProcessPoolExecutor, *, seconds: float, on_progress: Callable[[str], None]
) -> RankingTimings:
    """Read every list during voting; then run the original's ranking in the database."""
    city = urllib.parse.quote(_CITY)
    rng = random.Random(3)
    voters = voting.requests_for(site, range(1, site.size.videos + 1), rng)
    players = [client.request("GET", "/api/user/standings", token=token) for token in site.tokens[:2000]]
    deep_page = _deep_page_path(site)
    lists = {
        "ranking, page 1": ([client.request("GET", "/api/public/rankings")], True),
        "ranking of a city, page 1": ([client.request("GET", f"/api/public/rankings?city={city}")], True),
        "ranking, deep page by cursor": ([client.request("GET", deep_page)], True),
        "own standings": (players, True),
        "gallery, 50": ([client.request("GET", "/api/public/videos?per_page=50")], False),
        "gallery, 500": ([client.request("GET", "/api/public/videos")], False),
    }
    timings = []
    for name, (requests, has_target) in lists.items():
        on_progress(name)
        outcomes = []
        for saturated in (False, True):
            rng.shuffle(voters)
            votes = LoadGenerator(
                port=site.port, requests=voters, connections=10, seconds=seconds, every=10 / _VOTES_PER_SECOND
            )
            reads = LoadGenerator(
                port=site.port,
                requests=requests,
                connections=_SATURATING_CLIENTS if saturated else _READS_PER_SECOND,
                seconds=seconds,
                every=None if saturated else 1.0,
            )
            background = client.start(pool, votes)
            outcomes.append(client.start(pool, reads).result())
            background.result()
        timings.append(ListTimings(name=name, steady=outcomes[0], saturated=outcomes[1], has_target=has_target))
    return RankingTimings(lists=timings, original=_measure_original(site, seconds=seconds, on_progress=on_progress))


def render_table(timings: RankingTimings) -> str:
    """Render rates and latencies as Markdown."""
    lines = ["| | p50, ms | p95, ms | p99, ms | maximum per second |", "| --- | ---: | ---: | ---: | ---: |"]
    for item in timings.lists:
        latencies = " | ".join(f"{item.steady.latency(share) * 1e3:.1f}" for share in (0.5, 0.95, 0.99))
        lines.append(f"| {item.name} | {latencies} | {item.saturated.rate(200):,.0f} |")
    for name, seconds in timings.original.items():
        lines.append(f"| {name} | {seconds * 1e3:.0f} | | | {1 / seconds:,.0f} |")
    return "\n".join(
        [
            *lines,
            "",
            (
                f"Latencies at {_READS_PER_SECOND} requests and {_VOTES_PER_SECOND} votes per second; maximum with "
                f"{_SATURATING_CLIENTS} connections without pause. For the original: the mean time of its statement, "
                "executed sequentially."
            ),
        ]
    )


def _deep_page_path(site: BenchmarkSite) -> str:
    """Return the path of a page in the middle of the ranking, from the Link header of the previous page."""
    with psycopg.connect(site.database_url) as connection:
        row = connection.execute("SELECT count(*) FROM videos WHERE is_open AND votes_count > 0").fetchone()
    assert row is not None
    page = max(1, int(row[0]) // 2 // 50)
    connection_to_portal = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    connection_to_portal.request("GET", f"/api/public/rankings?page={page}")
    link = connection_to_portal.getresponse().getheader("Link") or "</api/public/rankings>"
    connection_to_portal.close()
    return link[1 : link.index(">")]


def _measure_original(site: BenchmarkSite, *, seconds: float, on_progress: Callable[[str], None]) -> dict[str, float]:
    seconds_by_name = {}
    pgbench = PgbenchRun(url=site.database_url, clients=1, seconds=seconds)
    for name, in_city in {"all": "", "of a city": f"AND u.city ILIKE '%{_CITY}%'"}.items():
        on_progress(f"{ORIGINAL}, {name}")
        seconds_by_name[f"{ORIGINAL}, {name}"] = 1 / pgbench.rate(original.RANKING.format(in_city=in_city))
    return seconds_by_name
